/* SPDX-License-Identifier: MIT
 *
 * Which code objects are those of `python -c`: their file is "<string>", but so is that of what exec() runs, of a
 * dataclass's methods and of much else. They are told by where they come from: `python -c` runs its module's code as the
 * outermost frame of the main thread, and all code in it is among its constants, or theirs.
 */
#ifndef MT_PYTHON_COMMAND_H
#define MT_PYTHON_COMMAND_H

#include <stdint.h>

/* A code object is about to be entered, met on a stack whose innermost frame is `top` (0: not known). If that stack's outermost
 * frame runs a command of which nothing is in this log yet, enter all its code. Guard set. Reads a word or two of most code
 * objects, the whole stack for those in "<string>", as long as no command was found. */
void mt_python_command_find(uintptr_t code, uintptr_t top);

#endif
