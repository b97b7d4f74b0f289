/* SPDX-License-Identifier: MIT */
#include "python/stack.h"

#include <string.h>

#include "loader/modules.h"
#include "loader/object.h"
#include "python/interpreter.h"
#include "python/memory.h"
#include "python/thread.h"

/* By its symbols. True is always right; false may be wrong, as not all symbols are known. */
static bool is_loop(uintptr_t pc)
{
    return (pc - 1 >= mt_python.loop_begin[0] && pc - 1 < mt_python.loop_end[0]) ||
           (pc - 1 >= mt_python.loop_begin[1] && pc - 1 < mt_python.loop_end[1]);
}

/* Whether `pc` lies in the standard library. The part met last is remembered, since it is met again
 * and again. */
static __attribute__((noinline)) bool is_library(struct mt_python_thread *th, uintptr_t pc)
{
    struct mt_object object;

    if (!mt_object_at(pc - 1, &object) || !object.path || !strstr(object.path, "/lib-dynload/"))
        return false;
    th->library_begin = object.begin;
    th->library_end = object.end;
    return true;
}

static size_t own_frames(struct mt_foreign *stack, const mt_key *keys, size_t count)
{
    struct mt_python_thread *th = (struct mt_python_thread *)stack;
    uintptr_t begin = mt_python.text_begin, bytes = mt_python.text_end - begin;
    uint32_t generation = mt_modules_generation();
    size_t n = count;

    if (th->library_generation != generation)
        th->library_begin = th->library_end = 0;
    th->library_generation = generation;
    for (; n > 0 && MT_KEY_IS_NATIVE(keys[n - 1]); n--)
        if (keys[n - 1] - begin >= bytes &&
            keys[n - 1] - 1 - th->library_begin >= th->library_end - th->library_begin &&
            !is_library(th, keys[n - 1]))
            break;
    return count - n;
}

const struct mt_interpreter mt_python_stack = {
    .read = mt_python_thread_read,
    .is_loop = is_loop,
    .own_frames = own_frames,
    .finishing = &mt_python_finalizing,
    .thread_exit = mt_python_thread_exit,
};
