/* SPDX-License-Identifier: MIT */
#include "unwind_check.h"
#include "../../interpose/unwind/full.h"
#include "../../interpose/unwind/verify.h"
#include "../../interpose/unwind/walk.h"
#include "../../interpose/unwind/whole.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#define HERE                                                                                       \
    {                                                                                              \
        (uintptr_t) __builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa(),                 \
            ((uintptr_t *)__builtin_frame_address(0))[0], false                                    \
    }

static __thread struct mt_stack stack;
static __thread struct mt_frame *before;
static __thread uint32_t before_used, before_cap;
static __thread volatile bool busy;

static _Atomic uint64_t events, differences, failures, remembered;

static void setup(void) __attribute__((constructor));
static void setup(void)
{
    if (!mt_unwind_init() || !mt_unwind_full_init()) {
        fprintf(stderr, "no unwinder works here\n");
        exit(1);
    }
}

static void check_kept(void)
{
    uint32_t most = 0;

    CHECK(stack.kept <= stack.used && stack.kept <= before_used);
    CHECK(stack.used > 0);
    while (most < stack.used && most < before_used && before[most].pc == stack.frames[most].pc &&
           before[most].sp == stack.frames[most].sp)
        most++;
    CHECK(stack.kept <= most);
    if (stack.used > before_cap) {
        before_cap = 2 * stack.used;
        before = realloc(before, before_cap * sizeof *before);
    }
    memcpy(before, stack.frames, stack.used * sizeof *before);
    before_used = stack.used;
}

/* Every stack is looked for among the remembered ones first. What is found must be what the capture gives, and bear the
 * note that belongs to this stack. */
static void check_again(struct mt_whole *whole, const struct mt_start *from)
{
    uint64_t hash = 14695981039346656037u;

    for (uint32_t i = 0; i < stack.used; i++) {
        hash = (hash ^ stack.frames[i].pc) * 1099511628211u;
        hash = (hash ^ stack.frames[i].sp) * 1099511628211u;
    }
    if (whole) {
        atomic_fetch_add(&remembered, 1);
        CHECK(whole->frames == stack.used && !stack.cut);
        for (uint32_t i = 0; i < stack.used && i < whole->frames; i++)
            CHECK(mt_whole_pc(whole, i) == stack.frames[i].pc);
        CHECK(whole->known.hash == hash);
        return;
    }
    whole = mt_unwind_remember(&stack, from);
    if (whole)
        whole->known.hash = hash;
}

static void report(const struct mt_stack *now, const char *which, uint64_t number)
{
    if (number > 1)
        return;
    fprintf(stderr, "%s: %u frames, cut %u\n", which, now->used, now->cut);
    for (uint32_t i = now->used; i-- > 0 && now->used - i < 40;)
        fprintf(stderr, "  %lx %lx\n", (unsigned long)now->frames[i].pc,
                (unsigned long)now->frames[i].sp);
}

__attribute__((noinline)) void check_event(void)
{
    struct mt_start from = HERE;
    uint64_t different = 0;
    struct mt_whole *found;

    busy = true;
    errno = 123;
    found = mt_unwind_again(&stack, &from);
    mt_unwind_verify(&stack, &from, &different);
    CHECK(errno == 123);
    atomic_fetch_add(&events, 1);
    if (different) {
        static __thread struct mt_stack full;
        uint64_t number = atomic_fetch_add(&differences, 1);

        mt_unwind_full(&full, &from);
        report(&stack, "stack", number);
        report(&full, "full unwinder", number);
    }
    check_kept();
    check_again(found, &from);
    busy = false;
}

__attribute__((noinline)) void check_event_alone(void)
{
    struct mt_start from = HERE;
    struct mt_whole *found;

    busy = true;
    errno = 123;
    found = mt_unwind_again(&stack, &from);
    mt_unwind(&stack, &from);
    CHECK(errno == 123);
    atomic_fetch_add(&events, 1);
    check_kept();
    check_again(found, &from);
    busy = false;
}

uintptr_t check_pc(unsigned frame)
{
    return frame < stack.used ? stack.frames[stack.used - 1 - frame].pc : 0;
}

unsigned check_depth(void)
{
    return stack.used;
}

unsigned check_cut(void)
{
    return stack.cut;
}

unsigned long check_full_captures(void)
{
    return stack.state ? ((struct mt_walk *)stack.state)->full_captures : 0;
}

bool check_busy(void)
{
    return busy;
}

void check_thread_exit(void)
{
    mt_unwind_thread_exit(&stack);
    free(before);
    before = NULL;
    before_used = before_cap = 0;
}

void check_that(bool right, const char *what, const char *file, int line)
{
    if (!right && atomic_fetch_add(&failures, 1) < 10)
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

uint64_t check_events(void)
{
    return events;
}

int check_done(void)
{
    check_thread_exit();
    printf("%lu events (%lu stacks remembered), %lu stacks differ, %lu checks failed\n",
           (unsigned long)events, (unsigned long)remembered, (unsigned long)differences,
           (unsigned long)failures);
    return differences != 0 || failures != 0;
}
