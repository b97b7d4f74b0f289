/* SPDX-License-Identifier: MIT
 *
 * What each thread has of its own in this library: the guard (base/guard.h), what its locks need (base/lock.h), and whether it is
 * aside (base/aside.h). This file picks the one that knows how such variables are made.
 */
#ifndef MT_LOCAL_H
#define MT_LOCAL_H

/*   struct mt_guard_state mt_self   the guard
 *   uint32_t mt_critical            how many sections of this thread are open in which a table may be half-written
 *   uint32_t mt_lock_self           this thread, for the system: its tid, or MT_LOCK_NOBODY as long as nobody has said it. Only who
 *                                   lends a priority asks.
 *   uint32_t mt_aside_here          the index of the thread's own stack plus 1; 0: it is on the program's */
#if defined(__APPLE__)
#include "base/local_darwin.h"
#else
#include "base/local_elf.h"
#endif

#endif
