/* SPDX-License-Identifier: MIT
 *
 * Which code objects are those of `python -c`: their file is "<string>", but so is that of what exec() runs, of a
 * dataclass's methods and of much else. They are told by where they come from: `python -c` runs its module's code as the
 * outermost frame of the main thread, and all code in it is among its constants, or theirs.
 */
#ifndef MT_PYTHON_COMMAND_H
#define MT_PYTHON_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

/* A code object is met for the first time, on a stack whose innermost frame is `top`. If that stack's outermost frame runs
 * a command of which nothing is in the log yet, enter all its code. Returns whether it did. Guard set. Reads a word or two of
 * most code objects, the whole stack for those in "<string>", as long as no command was found. */
bool mt_python_command_find(uintptr_t code, uintptr_t top);

/* Another log begins. Only called where there is one thread. */
void mt_python_command_forget(void);

#endif
