/* SPDX-License-Identifier: MIT */
#include "base/guard.h"

__thread struct mt_self mt_self;
uint32_t *mt_ready;
