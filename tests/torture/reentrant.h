/* SPDX-License-Identifier: MIT */
#ifndef REENTRANT_H
#define REENTRANT_H

#define INSIDE_SIZE 7777
/* The signal that a thread gets inside; 0: none. */
extern __thread volatile int inside_signal;

#endif
