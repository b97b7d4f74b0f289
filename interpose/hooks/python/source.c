/* SPDX-License-Identifier: MIT
 *
 * linecache.cache is read with the GIL, at a safe point of the main thread, and only if the program
 * has imported linecache.
 */
#include "hooks/python/source.h"

#include <string.h>

#include "base/lock.h"
#include "base/meta.h"
#include "hooks/enter.h"
#include "hooks/python/stamp.h"
#include "log/log.h"
#include "os/os.h"
#include "python/code.h"
#include "python/interpreter.h"
#include "python/text.h"

#define WANTED_MAX 64
#define NAME_MAX_  4096
#define TEXT_MAX   (1u << 20) /* of one source; what is longer is left out */

/* The interpreter's functions; objects are `void *`. All but get_attr and dict_get_ref give
 * borrowed references. */
static struct {
    int (*is_initialized)(void);
    int (*add_pending_call)(int (*)(void *), void *);
    void (*err_clear)(void);
    void (*inc_ref)(void *);
    void (*dec_ref)(void *);
    void *(*sys_get)(const char *);
    void *(*get_attr)(void *, const char *);
    void *(*dict_get)(void *, const char *);
    int (*dict_get_ref)(void *, const char *, void **); /* 3.13 on */
    intptr_t (*tuple_size)(void *);
    void *(*tuple_get)(void *, intptr_t);
    intptr_t (*list_size)(void *);
    void *(*list_get)(void *, intptr_t);
} api;
static bool usable;

/* Files whose source is to be looked for. */
static struct mt_lock lock;
static struct {
    uint32_t id;
    char *name;
} wanted[WANTED_MAX];
static unsigned wanted_count;
static uint32_t asked; /* the interpreter has been asked to call us */

/* Strings of this log that were looked at: one bit each. */
static unsigned char *seen;
static size_t seen_bytes;
static uint32_t epoch;

void mt_python_source_attach(void)
{
    const struct {
        const char *name;
        void *to;
    } list[] = {
        {"Py_IsInitialized", &api.is_initialized},
        {"Py_AddPendingCall", &api.add_pending_call},
        {"PyErr_Clear", &api.err_clear},
        {"Py_DecRef", &api.dec_ref},
        {"Py_IncRef", &api.inc_ref},
        {"PySys_GetObject", &api.sys_get},
        {"PyObject_GetAttrString", &api.get_attr},
        {"PyDict_GetItemString", &api.dict_get},
        {"PyTuple_Size", &api.tuple_size},
        {"PyTuple_GetItem", &api.tuple_get},
        {"PyList_Size", &api.list_size},
        {"PyList_GetItem", &api.list_get},
    };

    usable = true;
    mt_python_listener.file = mt_python_source_met;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        void *symbol = mt_library_symbol(&mt_python.symbols, list[i].name, NULL);

        memcpy(list[i].to, &symbol, sizeof symbol);
        usable = usable && symbol;
    }
    *(void **)&api.dict_get_ref =
        mt_library_symbol(&mt_python.symbols, "PyDict_GetItemStringRef", NULL);
}

void mt_python_source_forget(void)
{
    mt_lock_forget(&lock);
    asked = 0;
    mt_python_stamp_forget();
}

/* ---- with the GIL ---- */

/* A value with a reference of ours: without the GIL another thread may take it out of the
 * dictionary. NULL: there is none. */
static void *hold(void *dict, const char *key)
{
    void *value = NULL;

    if (!api.dict_get_ref) {
        value = api.dict_get(dict, key);
        if (value)
            api.inc_ref(value);
    } else if (api.dict_get_ref(dict, key, &value) < 0) {
        api.err_clear();
    }
    return value;
}

/* The lines in an entry of linecache.cache, which is (size, mtime, lines, full name); NULL: it has
 * none. */
static void *lines_of(void *entry)
{
    void *lines = NULL;

    if (entry && api.tuple_size(entry) >= 3)
        lines = api.tuple_get(entry, 2);
    if (lines && api.list_size(lines) >= 0)
        return lines;
    api.err_clear();
    return NULL;
}

/* Write the lines one after the other to `to`, if that is not NULL. Returns their bytes. Asks for
 * no memory. */
static size_t join(void *lines, char *to, size_t cap)
{
    intptr_t count = api.list_size(lines);
    size_t used = 0;

    for (intptr_t i = 0; i < count; i++) {
        uintptr_t line = (uintptr_t)api.list_get(lines, i);
        size_t bytes, most = mt_python_text_most(line);
        const char *text;

        if (!to) {
            text = mt_python_text(line, NULL, 0, &bytes);
            used += most ? most : text ? bytes : 0;
            continue;
        }
        text = mt_python_text(line, to + used, cap - used, &bytes);
        if (text && bytes <= cap - used) {
            memmove(to + used, text, bytes);
            used += bytes;
        }
    }
    return used;
}

/* Guard set. */
static void keep(uint32_t id, void *lines)
{
    size_t cap = join(lines, NULL, 0), bytes;
    char *text = cap && cap <= TEXT_MAX ? mt_meta_alloc(cap) : NULL;
    uint32_t head[2] = {id, 0};

    if (!text)
        return;
    bytes = join(lines, text, cap);
    head[1] = (uint32_t)bytes;
    mt_log_record(MT_RECORD_SOURCE, (struct mt_piece[]){{head, sizeof head}, {text, bytes}}, 2);
    mt_meta_free(text);
}

/* The next wanted file: its name, which the caller releases; NULL: there is none. */
static char *next_wanted(struct mt_thread **t, uint32_t *id)
{
    char *name = NULL;

    *t = mt_enter();
    if (!*t)
        return NULL;
    mt_lock_take(&lock);
    if (wanted_count && epoch == mt_python.epoch) {
        name = wanted[--wanted_count].name;
        *id = wanted[wanted_count].id;
    }
    mt_lock_drop(&lock);
    mt_leave(*t);
    return name;
}

static void look_up(void *cache, uint32_t id, char *name)
{
    void *entry = cache ? hold(cache, name) : NULL, *lines = entry ? lines_of(entry) : NULL;
    struct mt_thread *t = mt_enter();

    if (t) {
        if (lines)
            keep(id, lines);
        mt_meta_free(name);
        mt_leave(t);
    }
    if (entry)
        api.dec_ref(entry);
}

static int on_call(void *unused)
{
    void *modules = api.sys_get("modules");
    void *linecache = modules ? hold(modules, "linecache") : NULL;
    void *cache = linecache ? api.get_attr(linecache, "cache") : NULL;
    struct mt_thread *t;
    uint32_t id;
    char *name;

    (void)unused;
    if (!cache)
        api.err_clear();
    __atomic_store_n(&asked, 0, __ATOMIC_RELEASE);
    while ((name = next_wanted(&t, &id)))
        look_up(cache, id, name);
    if (cache)
        api.dec_ref(cache);
    if (linecache)
        api.dec_ref(linecache);
    return 0;
}

/* ---- in a hook ---- */

/* Whether this string of the log is met for the first time. Under `lock`. */
static bool is_first(uint32_t id)
{
    size_t at = id / 8;

    if (epoch != mt_python.epoch) { /* another log, with other ids */
        epoch = mt_python.epoch;
        wanted_count = 0;
        seen = NULL;
        seen_bytes = 0;
    }
    if (at >= seen_bytes) {
        size_t bytes = (at + 1) * 2;
        unsigned char *grown = mt_meta_grow(seen, seen_bytes, bytes);

        if (!grown)
            return false;
        seen = grown;
        seen_bytes = bytes;
    }
    if (seen[at] & 1u << id % 8)
        return false;
    seen[at] |= (unsigned char)(1u << id % 8);
    return true;
}

/* The name of a file that may be on the disk, with its terminator; false: it is too long, or nobody's to look for. */
static bool name_of(uintptr_t file, char name[NAME_MAX_], size_t *bytes)
{
    const char *text = mt_python_text(file, name, NAME_MAX_, bytes);

    if (!text || !*bytes || *bytes >= NAME_MAX_)
        return false;
    if (text != name)
        memcpy(name, text, *bytes);
    name[*bytes] = 0;
    return strncmp(name, "<frozen", 7) != 0;
}

/* Keep the name until the source can be looked for. Under `lock`. */
static void want(uint32_t id, const char *name, size_t bytes)
{
    char *copy = wanted_count < WANTED_MAX ? mt_meta_alloc(bytes + 1) : NULL;

    if (!copy)
        return;
    memcpy(copy, name, bytes + 1);
    wanted[wanted_count].id = id;
    wanted[wanted_count++].name = copy;
}

void mt_python_source_met(uint32_t id, uintptr_t file)
{
    char name[NAME_MAX_];
    size_t bytes;
    bool wait, first, gone;

    mt_lock_take(&lock);
    first = is_first(id);
    mt_lock_drop(&lock);
    gone = name_of(file, name, &bytes) && (name[0] == '<' || !mt_python_stamp(id, name));
    first = first && gone;
    if (!usable)
        return;
    mt_lock_take(&lock);
    if (first)
        want(id, name, bytes);
    wait = wanted_count > 0;
    mt_lock_drop(&lock);
    if (wait && !__atomic_load_n(&asked, __ATOMIC_RELAXED) && api.is_initialized()) {
        asked = 1;
        if (api.add_pending_call(on_call, NULL) != 0)
            asked = 0;
    }
}
