/* SPDX-License-Identifier: MIT
 *
 * The characters of a str. Any thread in which the str lives; takes no lock and no memory.
 */
#ifndef MT_PYTHON_TEXT_H
#define MT_PYTHON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The characters of the str at `text`; *bytes is their number. An ASCII one is returned where it
 * stands; any other is written as UTF-8 to room[0..cap), as far as it fits. NULL: not a str, or not
 * a compact one (all names of code are compact). */
const char *mt_python_text(uintptr_t text, char *room, size_t cap, size_t *bytes);

/* A `cap` that always suffices for it; 0: none is needed, or it is not a str. */
size_t mt_python_text_most(uintptr_t text);

#endif
