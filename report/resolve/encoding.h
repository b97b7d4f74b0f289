/* SPDX-License-Identifier: MIT
 *
 * Source that is not in UTF-8: what a Python file's first two lines say of it ("# -*- coding: latin-1 -*-").
 */
#ifndef RESOLVE_ENCODING_H
#define RESOLVE_ENCODING_H

#include <iconv.h>
#include <stddef.h>

#define ENCODING_NONE ((iconv_t)-1)

/* From the encoding that the text names to UTF-8. ENCODING_NONE: it names none, or UTF-8, or one that iconv doesn't know; the
 * text is to be taken as it is. Else iconv_close afterwards. */
iconv_t encoding_open(const char *text, size_t bytes);
/* The text in UTF-8, its length in *bytes; what can't be decoded becomes U+FFFD. To be freed. */
char *encoding_decode(iconv_t from, const char *text, size_t *bytes);

#endif
