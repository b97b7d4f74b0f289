/* SPDX-License-Identifier: MIT
 *
 * What the stack asks of an interpreter, answered for CPython.
 */
#ifndef MT_PYTHON_STACK_H
#define MT_PYTHON_STACK_H

#include "foreign/interpreter.h"

extern const struct mt_interpreter mt_python_stack;

#endif
