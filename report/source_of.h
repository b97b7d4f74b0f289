/* SPDX-License-Identifier: MIT
 *
 * Which text a function's lines are lines of. A Python function's file may be a name only ("<string>", which much code
 * shares), or the file that its code was made from: a template's.
 */
#ifndef SOURCE_OF_H
#define SOURCE_OF_H

#include "view.h"

/* The function's own source, perhaps without text; NULL: none is known. Valid until view_close. */
const struct source *source_of(struct view *view, const struct function *function);
/* One of its lines, as source_line gives it; NULL: it is not known. To be freed. */
char *source_of_line(struct view *view, const struct function *function, uint32_t line);

#endif
