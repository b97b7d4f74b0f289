/* SPDX-License-Identifier: MIT
 *
 * The logs that fuzzing starts from: small ones with something of everything that a log may hold.
 */
#ifndef SEEDS_H
#define SEEDS_H

#include <stddef.h>

/* Give each as an image to `add`. */
void seeds_make(void (*add)(const void *image, size_t bytes));
#endif
