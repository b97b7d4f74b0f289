/* SPDX-License-Identifier: MIT
 *
 * What the unwinder's tests share: an event is a call of check_event, as a program calls malloc.
 */
#ifndef UNWIND_CHECK_H
#define UNWIND_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../../interpose/unwind/unwind.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Capture the caller's stack, compare it with the full unwinder's, and `kept` with the capture before. */
void check_event(void);

/* The same for a stack on which the two need not agree: capture only, and compare `kept`. */
void check_event_alone(void);

/* The calling thread's last capture, innermost frame first: its pc, 0 past the end; and how many there are. */
uintptr_t check_pc(unsigned frame);
unsigned check_depth(void);
unsigned check_cut(void);

/* How many of the calling thread's captures were left to the full unwinder. */
unsigned long check_full_captures(void);

/* Free what the calling thread's captures hold. */
void check_thread_exit(void);

/* Count a failure and say where. */
void check_that(bool right, const char *what, const char *file, int line);
#define CHECK(expression) check_that((expression), #expression, __FILE__, __LINE__)

/* Prints the counts; the exit status. */
int check_done(void);
uint64_t check_events(void);

/* In the middle of a call of the above in this thread. */
bool check_busy(void);

#ifdef __cplusplus
}
#endif

#endif
