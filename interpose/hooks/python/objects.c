/* SPDX-License-Identifier: MIT
 *
 * Functions of ours stand in the interpreter's allocator tables, in front of whatever stood there.
 * They are hooks like malloc's: the guard is set while the interpreter's allocator works, so what
 * that takes from malloc and mmap is not seen a second time; no lock of ours is held. They pass
 * sizes and pointers on as they are. So it does no harm if a block was allocated before they were
 * installed, or is released when they are gone.
 *
 * The tables are changed only while there is no interpreter, or with the GIL held: the interpreter
 * reads them under the GIL.
 */
#include "base/near.h"
#include "hooks/python/objects.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "hooks/here.h"
#include "hooks/enter.h"
#include "log/log.h"
#include "python/attach.h"
#include "python/interpreter.h"
#include "python/thread.h"
#include "tables/account.h"
#include "tables/objects.h"

/* PyMemAllocatorEx and PyMemAllocatorDomain, the same in all versions. */
struct table {
    void *context;
    void *(*malloc)(void *context, size_t bytes);
    void *(*calloc)(void *context, size_t count, size_t bytes);
    void *(*realloc)(void *context, void *block, size_t bytes);
    void (*free)(void *context, void *block);
};
enum domain { MEM = 1, OBJECT = 2 };

/* PyObjectArenaAllocator. */
struct arenas {
    void *context;
    void *(*alloc)(void *context, size_t bytes);
    void (*free)(void *context, void *arena, size_t bytes);
};

static struct {
    void (*get)(int domain, struct table *table);
    void (*set)(int domain, const struct table *table);
    void (*get_arenas)(struct arenas *arenas);
    void (*set_arenas)(const struct arenas *arenas);
    pthread_t keeper; /* the thread that may look after the tables */
} tables;

/* What each installation forwards to is its own, and so is its context. The interpreter's tables
 * may come to wrap one of ours, and be wrapped again: with one table for all of them, that would be
 * a ring. */
#define INSTALLED_MAX 64
static struct installed {
    struct table real;
    enum domain domain;
} installed[INSTALLED_MAX];
static unsigned installed_used;
static struct arenas real_arenas;

/* ---- The hooks ---- */

static inline void *allocated(struct mt_thread *t, const struct mt_start *here, void *block,
                              size_t bytes)
{
    if (!t)
        return block;
    if (block) {
        int keep = errno;
        mt_tables_open();
        mt_python_check();
        mt_account_object(t, here, block, bytes);
        errno = keep;
    }
    mt_leave(t);
    return block;
}

MT_HOT static void *object_malloc(void *context, size_t bytes)
{
    MT_HERE_FOR(here, true);
    const struct table *real = context;
    struct mt_thread *t = mt_enter();
    return allocated(t, &here, real->malloc(real->context, bytes), bytes);
}

static void *object_calloc(void *context, size_t count, size_t bytes)
{
    MT_HERE_FOR(here, true);
    const struct table *real = context;
    struct mt_thread *t = mt_enter();
    /* When the real one succeeded the product does not overflow. */
    return allocated(t, &here, real->calloc(real->context, count, bytes), count * bytes);
}

/* Unlike the C library's, this realloc never releases: 0 bytes count as 1. */
static void *object_realloc(void *context, void *old, size_t bytes)
{
    MT_HERE_FOR(here, true);
    const struct table *real = context;
    struct mt_thread *t = mt_enter();
    if (!t || !old)
        return allocated(t, &here, real->realloc(real->context, old, bytes), bytes);
    int keep = errno;
    uint32_t inside = mt_tables_open();
    mt_python_before_release();
    struct mt_live was = mt_account_object_take(old);
    bool known = was.unit;
    mt_tables_close(inside);
    errno = keep;
    void *block = real->realloc(real->context, old, bytes);
    keep = errno;
    mt_tables_open();
    if (block) {
        mt_account_object_moved(t, &here, known ? &was : NULL, block, bytes);
        if (!known)
            mt_account_unknown(old);
    } else if (known) {
        mt_account_object_enter(t, &here, old, was);
    }
    errno = keep;
    mt_leave(t);
    return block;
}

MT_HOT static void object_free(void *context, void *block)
{
    MT_HERE_FOR(here, true);
    const struct table *real = context;
    struct mt_thread *t = block ? mt_enter() : NULL;
    if (t) {
        int keep = errno;
        uint32_t inside = mt_tables_open();
        mt_python_before_release();
        mt_account_object_free(t, &here, block);
        mt_tables_close(inside);
        errno = keep;
    }
    real->free(real->context, block);
    if (t)
        mt_leave(t);
}

/* Called by the interpreter's allocator, within one of the above: only the sum is kept. From 3.11
 * on the interpreter takes pieces of its own stack from here, too: these are mappings like others.
 */
static void arena_moved(int64_t by)
{
    static uint64_t bytes; /* outlives a fork, as the arenas do */
    uint64_t now = __atomic_add_fetch(&bytes, (uint64_t)by, __ATOMIC_RELAXED);
    struct mt_header *h = mt_log.header;
    if (!mt_ready || *mt_ready != 1)
        return;
    __atomic_store_n(&h->python_arenas, now, __ATOMIC_RELAXED);
    if (now > h->python_arenas_peak)
        __atomic_store_n(&h->python_arenas_peak, now, __ATOMIC_RELAXED);
}

static void *arena_alloc(void *context, size_t bytes)
{
    void *arena = real_arenas.alloc(context, bytes);
    if (arena && mt_self.depth) {
        mt_objects_arena((uintptr_t)arena, bytes);
        arena_moved((int64_t)bytes);
    }
    return arena;
}

static void arena_free(void *context, void *arena, size_t bytes)
{
    real_arenas.free(context, arena, bytes);
    if (mt_self.depth)
        arena_moved(-(int64_t)bytes);
}

/* ---- The tables ---- */

static struct installed *entry_for(enum domain domain, const struct table *real)
{
    for (unsigned i = 0; i < installed_used; i++)
        if (installed[i].domain == domain && !memcmp(&installed[i].real, real, sizeof *real))
            return &installed[i];
    if (installed_used == INSTALLED_MAX)
        return NULL;
    installed[installed_used] = (struct installed){*real, domain};
    return &installed[installed_used++];
}

static void install(enum domain domain)
{
    struct table now;
    tables.get(domain, &now);
    if (now.malloc == object_malloc)
        return;
    struct installed *entry = entry_for(domain, &now);
    if (!entry)
        return;
    struct table ours = {&entry->real, object_malloc, object_calloc, object_realloc, object_free};
    tables.set(domain, &ours);
}

static void install_arenas(void)
{
    struct arenas now;
    tables.get_arenas(&now);
    if (now.alloc == arena_alloc)
        return;
    real_arenas = now;
    now.alloc = arena_alloc;
    now.free = arena_free;
    tables.set_arenas(&now);
}

static void install_all(void)
{
    install(MEM);
    install(OBJECT);
    install_arenas();
}

void mt_python_objects_settle(void)
{
    if (!tables.get)
        __atomic_store_n(&mt_python_unsettled, false, __ATOMIC_SEQ_CST); /* before we look */
    mt_python_attach_late();
    if (!tables.get || pthread_self() != tables.keeper)
        return;
    if (!mt_python_runs())
        install_all();
    else if (!__atomic_load_n(mt_python_finalizing, __ATOMIC_RELAXED))
        __atomic_store_n(&mt_python_unsettled, false, __ATOMIC_RELAXED);
}

bool mt_python_objects_init(void)
{
    *(void **)&tables.get = mt_library_symbol(&mt_python.symbols, "PyMem_GetAllocator", NULL);
    *(void **)&tables.set = mt_library_symbol(&mt_python.symbols, "PyMem_SetAllocator", NULL);
    *(void **)&tables.get_arenas =
        mt_library_symbol(&mt_python.symbols, "PyObject_GetArenaAllocator", NULL);
    *(void **)&tables.set_arenas =
        mt_library_symbol(&mt_python.symbols, "PyObject_SetArenaAllocator", NULL);
    if (!tables.get || !tables.set || !tables.get_arenas || !tables.set_arenas) {
        tables.get = NULL;
        return false;
    }
    tables.keeper = pthread_self();
    install_all();
    __atomic_store_n(&mt_python_unsettled, true, __ATOMIC_RELAXED);
    return true;
}
