/* SPDX-License-Identifier: MIT
 *
 * The process ends, or forks: what init.c and init_darwin.c do alike.
 */
#ifndef MT_MOMENTS_H
#define MT_MOMENTS_H

#include <stdint.h>

/* The process exits with this status (MT_NO_STATUS: not known), after all that is the program's. `frame`: of the function that libc calls.
 */
void mt_moment_exit(int status, uintptr_t frame);

/* This is the child of a fork. Takes no lock. */
void mt_moment_forked(void);

#endif
