/* SPDX-License-Identifier: MIT
 *
 * ELF: thread-local variables in the block that the loader gives to each thread at its start (initial-exec), which are there
 * without a call. Included by base/local.h alone.
 */
#ifndef MT_LOCAL_ELF_H
#define MT_LOCAL_ELF_H

#include "base/guard_state.h"
#include "base/near.h"

#define MT_LOCAL   MT_EXTERN __thread
#define MT_AT_ONCE __attribute__((tls_model("initial-exec")))

MT_LOCAL struct mt_guard_state mt_self MT_AT_ONCE;
MT_LOCAL uint32_t mt_critical MT_AT_ONCE;
MT_LOCAL uint32_t mt_lock_self MT_AT_ONCE;
MT_LOCAL uint32_t mt_aside_here MT_AT_ONCE;

#endif
