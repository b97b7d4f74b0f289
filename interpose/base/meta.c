/* SPDX-License-Identifier: MIT
 *
 * jemalloc is in this library under the names mt_je_*. scripts/private-jemalloc makes that copy:
 * what jemalloc would ask of the process goes to meta_raw.c, what concerns fork and the ends of
 * threads comes here.
 *
 * THREADS. jemalloc keeps a list of its threads' variables, and would take a thread out in a key's destructor. No destructor runs
 * for a thread whose first event comes after them (the loader frees what another thread has left), and its variables then lie
 * in memory that is gone. As one thread is inside at a time, each is made known to jemalloc for one call only.
 *
 * FORK. jemalloc's handlers would hold its locks from before the fork to its end, while other handlers run, and wait for
 * threads that are inside. They are not used. A child that may have inherited a state in the middle of a change begins with a
 * new one: meta_image.h. Blocks of the old one can be read and written, but not released.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/aside.h"
#include "base/guard.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/meta_image.h"
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
int mt_raw_pthread_setspecific(pthread_key_t key,
                               const void *value); /* and of pthread_setspecific, for each thread */

/* One arena and no thread caches: the tables are few and large, and what is not in use goes back to
 * the system at once. retain:false: its address space, too. oversize_threshold:0: no second arena
 * for big blocks. */
const char *mt_je_malloc_conf =
    "narenas:1,tcache:false,retain:false,dirty_decay_ms:0,muzzy_decay_ms:0,"
    "oversize_threshold:0,dss:disabled,background_thread:false,abort_conf:false";

bool mt_meta_torn;
static bool alone; /* at the fork: mt_meta_alone */

static struct mt_lock lock; /* around every call: one thread is inside */
static bool broken;         /* somebody left it by a jump: jemalloc can't be used any more */
static bool begun;          /* it has done what was asked of it since its start */

/* Whether this thread is inside. volatile: libc's functions are declared "leaf", as if a signal
 * handler never ran inside them. */
static __thread volatile bool inside __attribute__((tls_model("initial-exec")));

/* Signals wait while the thread is inside, so that no handler jumps out of jemalloc with its locks
 * held. That is two system calls, but rare; who is aside (base/aside.h) has made them. The program's mask is restored before any code
 * of the program runs. */
static __thread uint64_t held_back __attribute__((tls_model("initial-exec")));
static __thread bool held __attribute__((tls_model("initial-exec"))); /* mt_meta_hold */

static void (*je_thread_end)(void *); /* of a thread with its variables */

/* They are held back already, and by whom they will be released: that is the same at the begin and at the end of a call. */
static inline bool signals_wait(void)
{
    return held || mt_aside_here;
}

static void leave(void)
{
    mt_lock_drop(&lock);
    inside = false;
    if (!signals_wait())
        mt_os_release_signals(&held_back);
}

/* Signals are not held back while another thread is inside, however long that takes. */
static void wait_outside(void)
{
    if (!signals_wait())
        mt_os_release_signals(&held_back);
    mt_lock_take(&lock);
    mt_lock_drop(&lock);
    if (!signals_wait())
        mt_os_hold_signals(&held_back);
}

/* False: jemalloc can't be entered here and now, which is the same as no memory. */
static bool enter(void)
{
    if (__builtin_expect(inside, 0))
        return false;
    if (!signals_wait())
        mt_os_hold_signals(&held_back);
    while (__builtin_expect(!mt_lock_try(&lock), 0)) {
        wait_outside();
        if (__atomic_load_n(&mt_lock_broken, __ATOMIC_RELAXED)) {
            mt_lock_take(&lock); /* does not wait any more */
            break;
        }
    }
    inside = true;
    if (__builtin_expect(!broken, 1)) {
        mt_meta_image_keep();
        return true;
    }
    leave();
    return false;
}

/* ---- jemalloc's own frames take 1 to 2 KiB, so it runs aside; signals are held back by enter() ---- */

struct call {
    void (*work)(struct call *);
    union { /* it lies on the program's stack: small */
        void *block;
        void **blocks; /* some at once, `count` of them */
    };
    union {
        size_t bytes;
        ptrdiff_t decay_ms;
    };
    uint32_t count;
    bool done;
};

static void allocate(struct call *c)
{
    c->block = mt_je_mallocx(c->bytes < 16 ? 16 : c->bytes, JE_ZERO);
    c->done = c->block;
}

static void resize(struct call *c)
{
    c->block = mt_je_rallocx(c->block, c->bytes < 16 ? 16 : c->bytes, JE_ZERO);
    c->done = c->block;
}

static void release(struct call *c)
{
    mt_je_dallocx(c->block, 0);
    c->done = true;
}

static void allocate_some(struct call *c)
{
    uint32_t n = 0;
    while (n < c->count && (c->blocks[n] = mt_je_mallocx(c->bytes < 16 ? 16 : c->bytes, 0)))
        n++;
    c->count = n;
    c->done = n;
}

static void release_chain(struct call *c)
{
    for (void *block = c->block, *next; block; block = next) {
        next = *(void **)block;
        mt_je_dallocx(block, 0);
    }
    c->done = true;
}

static void set_decay(struct call *c)
{
    c->done =
        !mt_je_mallctl("arena.0.dirty_decay_ms", NULL, NULL, &c->decay_ms, sizeof c->decay_ms);
}

static void perform(void *call)
{
    struct call *c = call;
    c->work(c);
    if (je_thread_end)
        mt_meta_image_end_thread(je_thread_end);
}

static void begin_anew(void)
{
    mt_meta_image_restore();
    mt_meta_raw_restart();
    begun = false;
}

/* Have jemalloc do it. False: it could not be entered. After a start that failed, it would let only the thread that tried it try
 * again, and others wait for that. Inlined, as each frame counts. */
static inline __attribute__((always_inline)) bool ask(struct call *call)
{
    if (!enter())
        return false;
    mt_aside_held(perform, call);
    if (call->done)
        begun = true;
    else if (!begun)
        begin_anew();
    leave();
    return true;
}

/* decay_ms 0: what is free goes back to the system at once. -1: it waits for the next call with 0,
 * and then goes back in long pieces. */
static void purge_later(ptrdiff_t decay_ms)
{
    ask(&(struct call){.work = set_decay, .decay_ms = decay_ms});
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

void mt_meta_jumped(void)
{
    if (!inside)
        return;
    broken = true;
    leave();
}

void mt_meta_alone(bool now)
{
    alone = now;
}

/* Whether other threads of the parent may have been in the middle of a change. */
static bool others(void)
{
    return mt_shared() && !alone;
}

void mt_meta_forked_inside(void)
{
    broken = broken || inside || others();
    mt_lock_forget(&lock);
}

void mt_meta_child(void)
{
    mt_meta_torn = broken || inside || others();
    alone = false;
    mt_lock_forget(&lock);
    inside = false;
    if (!mt_meta_torn)
        return;
    begin_anew();
    broken = false;
}

int mt_raw_pthread_atfork(void (*before)(void), void (*after)(void), void (*in_child)(void))
{
    (void)before, (void)after, (void)in_child;
    return 0;
}

int mt_raw_pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    *key = 0;
    je_thread_end = destructor;
    return 0;
}

int mt_raw_pthread_setspecific(pthread_key_t key, const void *value)
{
    (void)key, (void)value;
    return 0;
}

void *mt_meta_alloc(size_t bytes)
{
    /* The class of 8-byte blocks is the only one not aligned to 16. */
    struct call call = {.work = allocate, .bytes = bytes};
    ask(&call);
    if (call.block && bytes >= HUGE_BYTES)
        mt_os_huge(call.block, bytes);
    return call.block;
}

static __attribute__((noinline)) void *grow_block(void *block, size_t bytes)
{
    /* jemalloc zeroes what lies beyond the block's real size; between that and the bytes asked for before it was zero from the
     * start. */
    struct call call = {.work = resize, .block = block, .bytes = bytes};
    return ask(&call) ? call.block : NULL;
}

void *mt_meta_grow(void *block, size_t old_bytes, size_t new_bytes)
{
    if (!block)
        return mt_meta_alloc(new_bytes);
    return new_bytes <= old_bytes ? block : grow_block(block, new_bytes);
}

void mt_meta_free(void *block)
{
    if (block)
        ask(&(struct call){.work = release, .block = block});
}

uint32_t mt_meta_alloc_some(void **blocks, uint32_t count, size_t bytes)
{
    struct call call = {.work = allocate_some, .bytes = bytes, .blocks = blocks, .count = count};
    return ask(&call) ? call.count : 0;
}

void mt_meta_free_chain(void *first)
{
    if (first)
        ask(&(struct call){.work = release_chain, .block = first});
}
