/* SPDX-License-Identifier: MIT */
#include "base/local_elf.h"

__thread struct mt_guard_state mt_self;
__thread uint32_t mt_critical;
__thread uint32_t mt_lock_self = MT_LOCK_NOBODY;
__thread uint32_t mt_aside_here;
