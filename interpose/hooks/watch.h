/* SPDX-License-Identifier: MIT */
#ifndef MT_WATCH_H
#define MT_WATCH_H

/* Where the wrapped syscall() goes on: in assembly, hooks/syscall_*.S. */
extern long (*mt_syscall_next)(long number, ...) __attribute__((visibility("hidden")));
/* What it does not pass on. As syscall(2). */
long mt_syscall_watched(long number, long a, long b, long c, long d, long e, long f);

/* The real functions are known. Once, in the constructor. */
void mt_watch_init(void);
/* The child of a fork: its lock. Callable at any time. */
void mt_watch_forget(void);

#endif
