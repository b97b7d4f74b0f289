/* SPDX-License-Identifier: MIT */
#ifndef EARLY_H
#define EARLY_H

#include <stddef.h>

/* Allocates, and releases some. */
void early_event(size_t bytes);

#endif
