/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

__thread uint32_t mt_critical;
bool mt_lock_broken;
