/* SPDX-License-Identifier: MIT */
#include "base/guard.h"

uint32_t *mt_ready;
