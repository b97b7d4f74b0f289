/* SPDX-License-Identifier: MIT
 *
 * Which text a function's lines are lines of. A Python function's file may be a name only ("<string>", which much code
 * shares), or the file that its code was made from: a template's.
 * A text that has changed since is nobody's.
 */
#ifndef SOURCE_OF_H
#define SOURCE_OF_H

#include "resolve/frames.h"
#include "resolve/source.h"

/* The function's own source, perhaps without text; NULL: none is known. Valid until sources_free. `sources`:
 * those of the log that `frames` is of. */
const struct source *source_of(struct sources *sources, const struct frames *frames,
                               const struct function *function);
/* Whether source_of gives no text because the file has changed: a Python file since the run, another one since the program that
 * ran was built. */
bool source_of_changed(struct sources *sources, const struct frames *frames,
                       const struct function *function);
/* Whether the function's file changed while the program ran, so that a line's figures may be those of several texts. */
bool source_of_mixed(struct sources *sources, const struct frames *frames,
                     const struct function *function);
/* One of its lines, as source_line gives it; NULL: it is not known. To be freed. */
char *source_of_line(struct sources *sources, const struct frames *frames,
                     const struct function *function, uint32_t line);

#endif
