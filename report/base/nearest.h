/* SPDX-License-Identifier: MIT */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* Of words[0..count), the one that `word` was most likely meant to be: the fewest letters are wrong, missing, too many or exchanged with
 * the next one, or the word is its beginning. NULL: none is near. */
const char *nearest(const char *word, const char *const *words, size_t count);

#endif
