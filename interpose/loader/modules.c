/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/meta.h"
#include "base/near.h"
#include "loader/build_id.h"
#include "loader/modules.h"
#include "loader/object.h"
#include "loader/program.h"
#include "log/intern.h"
#include "log/log.h"
#include "os/os.h"

struct module {
    uintptr_t base, start, end;
    /* the loader's description of it: the last thing that goes when it is unloaded */
    const void *handle;
    uint32_t id;
    uint32_t generation; /* the last one in which it was seen loaded */
    uint32_t build_id_bytes;
    uint32_t path; /* string id */
    uint8_t build_id[MT_BUILD_ID_MOST];
};

/* pc -> frame. Generation and frame share a word, so that a reader gets a pair that belongs
 * together. */
struct slot {
    uint64_t pc;
    uint64_t generation_frame;
};

struct table {
    struct table
        /* others may still read it, so it is kept; all old ones together are no bigger than the
         * present one */
        *older;
    uint64_t mask;
    uint64_t used;
    struct slot slots[];
};

static struct mt_lock lock;
static struct module *modules; /* module i has id i + 1; never removed: the log refers to them */
static uint32_t modules_used, modules_cap;
static struct table *table;
uint32_t mt_modules_now = 1;
struct mt_modules_range mt_modules_loader;

static struct slot *find(struct table *t, uintptr_t pc)
{
    for (uint64_t i = pc * 0x9e3779b97f4a7c15u >> 20;; i++) {
        struct slot *s = &t->slots[i & t->mask];
        uint64_t there = __atomic_load_n(&s->pc, __ATOMIC_ACQUIRE);
        if (!there || there == pc)
            return s;
    }
}

static bool grow(void)
{
    uint64_t slots = table ? (table->mask + 1) * 2 : 2048;
    struct table *t = mt_meta_alloc(sizeof *t + slots * sizeof(struct slot));
    if (!t)
        return false;
    t->older = table;
    t->mask = slots - 1;
    for (uint64_t i = 0; table && i <= table->mask; i++) {
        struct slot *s = &table->slots[i];
        if (s->pc && s->generation_frame >> 32 == mt_modules_now) {
            *find(t, s->pc) = *s;
            t->used++;
        }
    }
    __atomic_store_n(&table, t, __ATOMIC_RELEASE);
    return true;
}

bool mt_modules_switching;
mt_modules_listener *mt_modules_met;

/* What the module's file is now: without a build-id, nothing else tells whether it is still the same one later on. */
static void record_stamp(uint32_t id, const char *path)
{
    struct mt_record_file r = {.module = id};
    if (path[0] == '/' && mt_os_stamp(path, &r.bytes, &r.modified))
        mt_log_record(MT_RECORD_FILE,
                      &(struct mt_piece){(char *)&r + sizeof r.head, sizeof r - sizeof r.head}, 1);
}

/* Under lock. */
static struct module *enter(const struct module *found, const char *path, size_t path_bytes)
{
    for (uint32_t i = 0; i < modules_used; i++) {
        struct module *m = &modules[i];
        if (m->base == found->base && m->start == found->start && m->end == found->end &&
            m->path == found->path && m->build_id_bytes == found->build_id_bytes &&
            !memcmp(m->build_id, found->build_id, m->build_id_bytes))
            return m;
    }
    if (modules_used == modules_cap) {
        uint32_t cap = modules_cap ? modules_cap * 2 : 64;
        struct module *grown =
            mt_meta_grow(modules, modules_cap * sizeof *modules, cap * sizeof *modules);
        if (!grown)
            return NULL;
        modules = grown;
        modules_cap = cap;
    }
    struct mt_record_module r = {
        .id = modules_used + 1,
        .build_id_bytes = found->build_id_bytes,
        .base = found->base,
        .start = found->start,
        .end = found->end,
        .path_bytes = (uint32_t)path_bytes,
    };
    struct mt_piece pieces[] = {
        {(char *)&r + sizeof r.head, sizeof r - sizeof r.head},
        {found->build_id, found->build_id_bytes},
        {path, path_bytes},
    };
    if (!mt_log_record(MT_RECORD_MODULE, pieces, 3))
        return NULL;
    record_stamp(r.id, path);
    modules[modules_used] = *found;
    modules[modules_used].id = r.id;
    return &modules[modules_used++];
}

/* The loader has no name for the main program, and names a library as it was found: by a relative path, perhaps. */
static size_t path_of(const char *known, uintptr_t pc, char *path, size_t room)
{
    size_t bytes = known ? strlen(known) : 0;
    path[0] = 0;
    if (!bytes)
        return mt_program_path(path, room);
    if (bytes >= room)
        return 0;
    memcpy(path, known, bytes + 1);
    return path[0] == '/' || !strchr(path, '/') ? bytes : mt_program_absolute(path, room, pc);
}

struct search {
    uintptr_t pc;
    struct module *found;
};

/* The loader is asked, under lock. */
static void ask_loader(void *search)
{
    struct search *s = search;
    struct mt_object object;
    if (!mt_object_at(s->pc, &object))
        return;
    static char path[4096]; /* under lock */
    size_t path_bytes = path_of(object.path, s->pc, path, sizeof path);
    struct module found = {
        .base = object.base,
        .start = object.begin,
        .end = object.end,
        .path = mt_log_string(path, path_bytes),
    };
    found.build_id_bytes = mt_build_id(&object, found.build_id);
    if (strstr(path, "/_greenlet"))
        __atomic_store_n(&mt_modules_switching, true, __ATOMIC_RELAXED);
    if (mt_modules_met)
        mt_modules_met(path, object.handle, found.start, found.end);
    struct module *m = enter(&found, path, path_bytes);
    if (m) {
        m->handle = object.handle;
        m->generation = mt_modules_now;
    }
    s->found = m;
}

/* The module that is loaded at pc now, under lock. NULL: none that the loader knows. */
static struct module *module_at(uintptr_t pc)
{
    for (uint32_t i = 0; i < modules_used; i++)
        if (modules[i].generation == mt_modules_now && pc >= modules[i].start &&
            pc < modules[i].end)
            return &modules[i];
    struct search search = {pc, NULL};
    mt_aside(ask_loader, &search);
    return search.found;
}

static void find_loader(void)
{
    uintptr_t begin, end;
    if (!mt_object_loader(&begin, &end))
        return;
    mt_modules_loader.bytes = end - begin;
    __atomic_store_n(&mt_modules_loader.start, begin, __ATOMIC_RELEASE);
}

static uint32_t resolve(uintptr_t pc)
{
    if (!mt_modules_loader.bytes)
        find_loader();
    if ((!table || table->used * 4 >= (table->mask + 1) * 3) && !grow())
        return 0;
    struct slot *s = find(table, pc);
    uint64_t known = s->generation_frame;
    if (s->pc && known >> 32 == mt_modules_now)
        return (uint32_t)known;
    struct module *m = module_at(pc - 1);
    uint32_t frame = m ? mt_log_frame(MT_FRAME_NATIVE, m->id, pc - m->base)
                       : mt_log_frame(MT_FRAME_UNKNOWN, 0, pc);
    if (!frame)
        return 0;
    __atomic_store_n(&s->generation_frame, (uint64_t)mt_modules_now << 32 | frame,
                     __ATOMIC_RELEASE);
    if (!s->pc) {
        table->used++;
        __atomic_store_n(&s->pc, pc, __ATOMIC_RELEASE);
    }
    return frame;
}

MT_HOT uint32_t mt_modules_frame(uintptr_t pc)
{
    struct table *t = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
    if (t) {
        struct slot *s = find(t, pc);
        uint64_t known = __atomic_load_n(&s->generation_frame, __ATOMIC_ACQUIRE);
        /* It was empty perhaps, and holds another thread's pc now. */
        if (__atomic_load_n(&s->pc, __ATOMIC_RELAXED) == pc &&
            known >> 32 == __atomic_load_n(&mt_modules_now, __ATOMIC_RELAXED))
            return (uint32_t)known;
    }
    mt_lock_take(&lock);
    uint32_t frame = resolve(pc);
    mt_lock_drop(&lock);
    return frame;
}

bool mt_modules_unloaded(const void *block)
{
    bool ours = false;
    mt_lock_take(&lock);
    for (uint32_t i = 0; i < modules_used && !ours; i++)
        ours = modules[i].handle == block && modules[i].generation == mt_modules_now;
    mt_lock_drop(&lock);
    return ours;
}

void mt_modules_flush(void)
{
    mt_object_forget();
    mt_lock_take(&lock);
    __atomic_store_n(&mt_modules_now, mt_modules_now + 1, __ATOMIC_RELEASE);
    mt_lock_drop(&lock);
}

void mt_modules_forget(void)
{
    mt_object_forked();
    for (struct table *t = mt_meta_torn ? NULL : table; t;) {
        struct table *older = t->older;
        mt_meta_free(t);
        t = older;
    }
    table = NULL;
    if (!mt_meta_torn)
        mt_meta_free(modules);
    modules = NULL;
    modules_used = modules_cap = 0;
    mt_lock_forget(&lock);
}
