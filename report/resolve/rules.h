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
/* All of it, for people. */
void rules_print(FILE *out);

#endif
