/* SPDX-License-Identifier: MIT */
#ifndef PARKING_H
#define PARKING_H

/* The next real function that this thread calls sets *state to 1, wakes who waits for that, and waits until it is 2. */
void park_here(int *state) __attribute__((weak));

#endif
