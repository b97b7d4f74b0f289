/* SPDX-License-Identifier: MIT */
#include "python/interpreter.h"

bool mt_python_attached;
bool mt_python_unsettled;
struct mt_python mt_python;

static const uintptr_t never;
const uintptr_t *mt_python_finalizing = &never;

bool mt_python_reserves(uintptr_t pc)
{
    return mt_python_attached && mt_python.layout.free_threaded && pc >= mt_python.text_begin &&
           pc < mt_python.text_end;
}
