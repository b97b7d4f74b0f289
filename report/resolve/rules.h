/* SPDX-License-Identifier: MIT
 *
 * What is known by its name: runtimes, allocator shims, where programs begin. `memtrace --rules` prints it.
 */
#ifndef RESOLVE_RULES_H
#define RESOLVE_RULES_H

#include <stdbool.h>
#include <stdio.h>

/* Is the module at this path a runtime: code that comes with a language or the system, and does what others ask of it? */
bool rules_runtime(const char *module);
/* Is this source file a runtime's or an installed package's, whatever it was compiled into? */
bool rules_runtime_source(const char *file);
/* Is this function, whose source file is not known, a runtime's that was compiled into the module? Its name as it is shown. */
bool rules_runtime_name(const char *name);
/* Does this native function only pass memory on to its caller? Its name as it is shown, with parameters or without. */
bool rules_shim(const char *name);
/* Is this native function where a program begins, before any line of it? */
bool rules_start(const char *name);
/* Memory that is there to stay: residents.def. */
enum resident_scope { RESIDENT_KEEPS, RESIDENT_LEAKS, RESIDENT_WHOLE };
struct resident {
    enum resident_scope scope;
    const char *name;
    const char *module, *file, *function; /* "": anything */
};
/* The first rule that a function matches, one of scope KEEPS if only these are asked for; NULL: there is none. `module`: the last part of
 * its path; `file` and `function` NULL: not known. */
const struct resident *rules_resident(const char *module, const char *file, const char *function,
                                      bool keeps_only);
/* All of it, for people. */
void rules_print(FILE *out);

#endif
