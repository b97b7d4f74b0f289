/* SPDX-License-Identifier: MIT
 *
 * What this folder puts into the interpreter. For mt_python_clients in python/attach.h.
 */
#ifndef MT_PYTHON_CLIENTS_H
#define MT_PYTHON_CLIENTS_H

#include "python/attach.h"

extern const struct mt_python_clients mt_python_hooks;

#endif
