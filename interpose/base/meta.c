/* SPDX-License-Identifier: MIT
 *
 * jemalloc is in this library under the names mt_je_*. scripts/private-jemalloc makes that copy:
 * what jemalloc would ask of the process goes to meta_raw.c, what concerns fork and the ends of
 * threads comes here.
 *
 * FORK. jemalloc has handlers that hold its locks during a fork. They leave out one lock, that of
 * its radix tree, so a child could wait forever. And where a signal handler interrupted jemalloc
 * and forks, they would wait for themselves. Therefore a gate stands before jemalloc: a fork closes
 * the gate, waits until no thread is inside, and only then lets jemalloc's handlers run. A fork
 * from inside closes nothing; its child has no memory (NULL) from then on.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/own.h"
#include "os/os.h"

/* jemalloc's interface, as far as it is used: jemalloc(3). */
void *mt_je_mallocx(size_t bytes, int flags);
void *mt_je_rallocx(void *block, size_t bytes, int flags);
void mt_je_dallocx(void *block, int flags);
int mt_je_mallctl(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes);
extern const char *mt_je_malloc_conf;
#define JE_ZERO 0x40 /* MALLOCX_ZERO */

/* Blocks from here on get huge pages: the hash tables, all of whose pages are in use anyway. With
 * cc1plus, whose two tables of stacks take 12 MiB, this took an eighth of what an event costs. */
#define HUGE_BYTES ((size_t)2 << 20)

/* What it calls in place of pthread_atfork and pthread_key_create: once each. */
int mt_raw_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int mt_raw_pthread_key_create(pthread_key_t *key, void (*destructor)(void *));

/* One arena and no thread caches: the tables are few and large, and what is not in use goes back to
 * the system at once. retain:false: its address space, too. oversize_threshold:0: no second arena
 * for big blocks. */
const char *mt_je_malloc_conf =
    "narenas:1,tcache:false,retain:false,dirty_decay_ms:0,muzzy_decay_ms:0,"
    "oversize_threshold:0,dss:disabled,background_thread:false,abort_conf:false";

bool mt_meta_torn;

static uint32_t inside_all; /* threads inside jemalloc */
static bool closed;         /* a fork is under way */
static bool broken;         /* child of a fork from inside: jemalloc can't be used any more */
static int counted_for;     /* the process that inside_all counts for */

/* This thread: whether it is inside jemalloc, or forks. volatile: libc's functions are declared
 * "leaf", as if a signal handler or a fork handler never ran inside them. */
static __thread volatile bool inside __attribute__((tls_model("initial-exec")));
static __thread volatile bool forking __attribute__((tls_model("initial-exec")));
static __thread volatile uint32_t skipped
    __attribute__((tls_model("initial-exec"))); /* forks that left the gate alone */

/* Signals wait while the thread is inside, so that no handler jumps out of jemalloc with its locks
 * held. That is two system calls, but rare. The program's mask is restored before any code of the
 * program runs. */
static __thread uint64_t held_back __attribute__((tls_model("initial-exec")));
static __thread bool held __attribute__((tls_model("initial-exec"))); /* mt_meta_hold */

static void (*je_prepare)(void);
static void (*je_parent)(void);
static void (*je_child)(void);
static void (*je_thread_end)(void *);

/* False: jemalloc can't be entered here and now, which is the same as no memory. */
static bool enter(void)
{
    if (__builtin_expect(inside || forking || broken, 0))
        return false;
    if (!held)
        mt_os_hold_signals(&held_back);
    inside = true;
    mt_critical++;
    for (;;) {
        __atomic_fetch_add(&inside_all, 1, __ATOMIC_SEQ_CST);
        if (__builtin_expect(!__atomic_load_n(&closed, __ATOMIC_SEQ_CST), 1))
            return true;
        __atomic_fetch_sub(&inside_all, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&closed, __ATOMIC_RELAXED)) {
            if (counted_for !=
                mt_os_pid()) { /* a child that fork(3) did not make: nobody will open */
                inside = false;
                mt_critical--;
                if (!held)
                    mt_os_release_signals(&held_back);
                return false;
            }
            mt_os_yield();
        }
    }
}

static void leave(void)
{
    __atomic_fetch_sub(&inside_all, 1, __ATOMIC_RELEASE);
    inside = false;
    mt_critical--;
    if (!held)
        mt_os_release_signals(&held_back);
}

/* ---- jemalloc's own frames take 1 to 2 KiB, so it runs aside; signals are held back by enter() ---- */

struct call {
    void *block;
    size_t bytes;
    int flags;
    void **blocks; /* some at once, `count` of them */
    uint32_t count;
    ptrdiff_t decay_ms;
};

static void allocate(void *call)
{
    struct call *c = call;
    c->block = mt_je_mallocx(c->bytes < 16 ? 16 : c->bytes, c->flags);
}

static void resize(void *call)
{
    struct call *c = call;
    c->block = mt_je_rallocx(c->block, c->bytes < 16 ? 16 : c->bytes, c->flags);
}

static void release(void *call)
{
    mt_je_dallocx(((struct call *)call)->block, 0);
}

static void allocate_some(void *call)
{
    struct call *c = call;
    uint32_t n = 0;
    while (n < c->count && (c->blocks[n] = mt_je_mallocx(c->bytes < 16 ? 16 : c->bytes, 0)))
        n++;
    c->count = n;
}

static void release_some(void *call)
{
    struct call *c = call;
    for (uint32_t i = 0; i < c->count; i++)
        mt_je_dallocx(c->blocks[i], 0);
}

static void set_decay(void *call)
{
    struct call *c = call;
    mt_je_mallctl("arena.0.dirty_decay_ms", NULL, NULL, &c->decay_ms, sizeof c->decay_ms);
}

static void end_of_thread(void *call)
{
    je_thread_end(((struct call *)call)->block);
}

/* decay_ms 0: what is free goes back to the system at once. -1: it waits for the next call with 0,
 * and then goes back in long pieces. */
static void purge_later(ptrdiff_t decay_ms)
{
    if (!enter())
        return;
    mt_aside_held(set_decay, &(struct call){.decay_ms = decay_ms});
    leave();
}

void mt_meta_hold(void)
{
    mt_os_hold_signals(&held_back);
    held = true;
    purge_later(-1);
}

void mt_meta_release(void)
{
    purge_later(0);
    held = false;
    mt_os_release_signals(&held_back);
}

static void prepare(void)
{
    /* In a signal handler that interrupted this thread there; or in the child of such a fork. */
    if (inside || forking || broken) {
        skipped++;
        return;
    }
    forking = true;
    /* A child that was made by another way than fork(3) may have inherited counts of threads that
     * it does not have. */
    if (counted_for != mt_os_pid()) {
        counted_for = mt_os_pid();
        inside_all = 0;
        closed = false;
    }
    while (__atomic_exchange_n(&closed, true, __ATOMIC_SEQ_CST)) /* one at a time */
        mt_os_yield();
    while (__atomic_load_n(&inside_all, __ATOMIC_SEQ_CST))
        mt_os_yield();
    je_prepare();
}

static void open_gate(void)
{
    __atomic_store_n(&closed, false, __ATOMIC_SEQ_CST);
    forking = false;
}

static void parent(void)
{
    if (skipped) {
        skipped--;
        return;
    }
    je_parent();
    open_gate();
}

static void child(void)
{
    counted_for = mt_os_pid();
    if (skipped) {
        broken = true;
        skipped = 0;
        return;
    }
    je_child();
    open_gate();
}

void mt_meta_jumped(void)
{
    if (!inside)
        return;
    broken = true;
    leave();
}

void mt_meta_child(void)
{
    if (counted_for == mt_os_pid())
        return; /* `child` has run */
    counted_for = mt_os_pid();
    broken = broken || mt_meta_torn || inside_all;
    inside_all = 0;
    closed = false;
}

int mt_raw_pthread_atfork(void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    je_prepare = before;
    je_parent = after;
    je_child = in_child;
    counted_for = mt_os_pid();
    return pthread_atfork(prepare, parent, child);
}

static void thread_end(void *state)
{
    if (!enter())
        return;
    mt_aside_held(end_of_thread, &(struct call){.block = state});
    leave();
}

int mt_raw_pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    je_thread_end = destructor;
    return pthread_key_create(key, thread_end);
}

void *mt_meta_alloc(size_t bytes)
{
    if (!enter())
        return NULL;
    /* The class of 8-byte blocks is the only one not aligned to 16. */
    struct call call = {.bytes = bytes, .flags = JE_ZERO};
    mt_aside_held(allocate, &call);
    leave();
    if (call.block && bytes >= HUGE_BYTES)
        mt_os_huge(call.block, bytes);
    return call.block;
}

void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    if (!block)
        return mt_meta_alloc(new_bytes);
    if (new_bytes <= old_bytes)
        return block;
    if (!enter())
        return NULL;
    /* jemalloc zeroes what lies beyond the block's real size; between that and old_bytes it was
     * zero from the start. */
    struct call call = {.block = block, .bytes = new_bytes, .flags = JE_ZERO};
    mt_aside_held(resize, &call);
    leave();
    return call.block;
}

void mt_meta_free(void *block)
{
    if (!block || !enter())
        return;
    mt_aside_held(release, &(struct call){.block = block});
    leave();
}

uint32_t mt_meta_alloc_some(void **blocks, uint32_t count, size_t bytes)
{
    struct call call = {.bytes = bytes, .blocks = blocks, .count = count};
    if (!enter())
        return 0;
    mt_aside_held(allocate_some, &call);
    leave();
    return call.count;
}

void mt_meta_free_some(void *const *blocks, uint32_t count)
{
    if (!count || !enter())
        return;
    mt_aside_held(release_some,
                  &(struct call){.blocks = (void **)(uintptr_t)blocks, .count = count});
    leave();
}

void *mt_meta_map(size_t bytes)
{
    void *at = mt_os_map(bytes);
    if (at)
        mt_own_mapped(at, bytes);
    return at;
}

void mt_meta_unmap(void *at, size_t bytes)
{
    mt_own_unmapped(at, bytes);
    mt_os_unmap(at, bytes);
}
