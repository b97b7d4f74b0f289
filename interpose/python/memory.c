/* SPDX-License-Identifier: MIT */
#include "python/memory.h"

#include "base/meta.h"
#include "foreign/merge.h"
#include "python/interpreter.h"

static struct mt_python_thread *threads;

struct mt_python_thread *mt_python_memory_list(void)
{
    return __atomic_load_n(&threads, __ATOMIC_ACQUIRE);
}

struct mt_python_thread *mt_python_memory_take(void)
{
    struct mt_python_thread *th = mt_python_memory_list();

    for (; th; th = th->next)
        if (th->epoch == mt_python.epoch && !__atomic_load_n(&th->taken, __ATOMIC_RELAXED) &&
            !__atomic_exchange_n(&th->taken, 1, __ATOMIC_ACQUIRE))
            return th;
    th = mt_meta_alloc(sizeof *th);
    if (!th)
        return NULL;
    th->taken = 1;
    th->epoch = mt_python.epoch;
    th->next = __atomic_load_n(&threads, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&threads, &th->next, th, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
        ;
    return th;
}

static void lines_forget(struct mt_python_thread *th)
{
    mt_meta_free(th->lines);
    th->lines = NULL;
    th->lines_mask = th->lines_missed = th->refused = 0;
}

void mt_python_memory_reset(struct mt_python_thread *th)
{
    lines_forget(th);
    th->stack.used = 0;
    th->stack.leaving = false;
    th->stack.printed = 0;
    th->stack.places_used = 0;
    th->reading = 0;
    th->epoch = mt_python.epoch;
}

void mt_python_memory_give_back(struct mt_python_thread *th)
{
    mt_foreign_free(&th->stack);
    mt_meta_free(th->fresh);
    lines_forget(th);
    th->fresh = NULL;
    th->fresh_cap = 0;
    __atomic_store_n(&th->taken, 0, __ATOMIC_RELEASE);
}
