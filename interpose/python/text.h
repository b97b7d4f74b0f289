/* SPDX-License-Identifier: MIT
 *
 * What stands in a str.
 */
#ifndef MT_PYTHON_TEXT_H
#define MT_PYTHON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The characters of the str at `text`, with their number of bytes: where they stand if it is ASCII, else as UTF-8 in
 * room[0..cap), as far as they fit. NULL: not a str, or not a compact one (all names of code are). The str must live
 * meanwhile; takes no lock and no memory. */
const char *mt_python_text(uintptr_t text, char *room, size_t cap, size_t *bytes);

/* Room that always suffices for it. */
size_t mt_python_text_most(uintptr_t text);

#endif
