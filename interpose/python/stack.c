/* SPDX-License-Identifier: MIT */
#include "python/stack.h"

#include <string.h>

#include "loader/modules.h"
#include "loader/object.h"
#include "python/interpreter.h"
#include "python/memory.h"
#include "python/thread.h"

/* By its symbols: never wrong when true, but not always known. */
static bool is_loop(uintptr_t pc)
{
    return (pc - 1 >= mt_python.loop_begin[0] && pc - 1 < mt_python.loop_end[0]) ||
           (pc - 1 >= mt_python.loop_begin[1] && pc - 1 < mt_python.loop_end[1]);
}

/* Its own object, or one of its standard library's, of which the last one met is remembered: it is met again and again. */
static bool owns(struct mt_foreign *stack, uintptr_t pc)
{
    struct mt_python_thread *th = (struct mt_python_thread *)stack;
    struct mt_object object;

    if (pc - mt_python.text_begin < mt_python.text_end - mt_python.text_begin)
        return true;
    if (pc - 1 - th->library_begin < th->library_end - th->library_begin &&
        th->library_generation == mt_modules_generation())
        return true;
    if (!mt_object_at(pc - 1, &object) || !object.path || !strstr(object.path, "/lib-dynload/"))
        return false;
    th->library_begin = object.begin;
    th->library_end = object.end;
    th->library_generation = mt_modules_generation();
    return true;
}

const struct mt_interpreter mt_python_stack = {
    .read = mt_python_thread_read,
    .is_loop = is_loop,
    .owns = owns,
    .thread_exit = mt_python_thread_exit,
};
