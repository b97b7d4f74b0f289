/* SPDX-License-Identifier: MIT
 *
 * Names of places and functions in the room that a terminal has.
 */
#ifndef SHOW_FIT_H
#define SHOW_FIT_H

#include <stddef.h>

/* `text`, a name of name.h, in at most `columns`, SIZE_MAX: any number. What goes first: what is inside of <...>, the innermost
 * first, then parameters, the file's folders, scopes, the rest of the function's name. File, line, method and module stay as long as
 * there is any room for them. To be freed. */
char *fit_name(const char *text, size_t columns);

#endif
