/* SPDX-License-Identifier: MIT
 *
 * What was asked for, when it is set up, and the counts in the log.
 */
#include "python_exact.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "lock.h"
#include "log.h"
#include "meta.h"
#include "python_internal.h"
#include "python_library.h"
#include "python_text.h"
#include "thread.h"

#define NAMES_MAX 64
#define LINES_MAX (1u << 20) /* of one code object */
#define NAME_ROOM 1024

struct mt_python_api mt_python_api;
uint32_t mt_python_exact;

static struct {
    const char *text;
    size_t bytes;
} names[NAMES_MAX];
static unsigned name_count;
static unsigned version_minor;
static void *symbols; /* where the interpreter's are found */

static uintptr_t watched[NAMES_MAX]; /* code objects that the program asked for. Under the GIL */
static unsigned watched_count;

/* The LINES records of this log, so that code objects that share a code record share it, too. Under `making`: threads may
 * count at the same time without the GIL. */
static struct mt_lock making;
struct made {
    uint32_t code, period, count;
    uint64_t at;
};
static struct made *made;
static size_t made_used, made_cap;
static uint32_t made_epoch;
static bool said_full;

static void read_names(void)
{
    const char *p = mt_config.lines;

    while (*p && name_count < NAMES_MAX) {
        size_t bytes = strcspn(p, ",");

        if (bytes) {
            names[name_count].text = p;
            names[name_count++].bytes = bytes;
        }
        p += bytes;
        p += *p == ',';
    }
}

static bool find_symbol(void *handle, const char *name, void *to)
{
    void *symbol = mt_python_library_symbol(handle, name, NULL);

    memcpy(to, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_api(void *handle)
{
    struct mt_python_api *api = &mt_python_api;
    const struct {
        const char *name;
        void *to;
        unsigned from, to_minor;
    } list[] = {
        {"Py_IsInitialized", &api->is_initialized, 8, 99},
        {"Py_AddPendingCall", &api->add_pending_call, 8, 99},
        {"PyErr_Clear", &api->err_clear, 8, 99},
        {"Py_DecRef", &api->dec_ref, 8, 99},
        {"PySys_GetObject", &api->sys_get, 12, 99},
        {"PyObject_GetAttrString", &api->get_attr, 12, 99},
        {"Py_VaBuildValue", &api->build, 12, 99},
        {"PyObject_CallObject", &api->call, 12, 99},
        {"PyLong_AsLong", &api->as_long, 12, 99},
        {"PyCFunction_NewEx", &api->function_new, 12, 99},
        {"_Py_NoneStruct", &api->none, 12, 99},
        {"PyCode_AddWatcher", &api->add_watcher, 12, 99},
        {"PyEval_SetTrace", &api->set_trace, 8, 11},
        {"PyFrame_GetLineNumber", &api->frame_line, 8, 11},
        {"PyInterpreterState_Main", &api->interpreter, 8, 11},
        {"_PyEval_EvalFrameDefault", &api->evaluate, 8, 11},
        {"_PyInterpreterState_GetEvalFrameFunc", &api->get_evaluate, 9, 11},
        {"_PyInterpreterState_SetEvalFrameFunc", &api->set_evaluate, 9, 11},
    };

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (version_minor >= list[i].from && version_minor <= list[i].to_minor &&
            !find_symbol(handle, list[i].name, list[i].to))
            return false;
    return true;
}

void mt_python_exact_attach(void *handle, unsigned minor)
{
    version_minor = minor;
    symbols = handle;
    read_names();
    if (!name_count)
        return;
    if (find_api(handle))
        mt_python_exact = MT_EXACT_WAITING;
    else
        mt_log_note(1, "lines are not counted: the interpreter lacks a symbol");
}

void mt_python_exact_note(const char *why)
{
    struct mt_thread *t = mt_enter();

    if (!t)
        return;
    mt_log_note(1, "lines are not counted: %s", why);
    mt_leave(t);
}

/* Called by the interpreter in its main thread, between two instructions. */
static int set_up(void *unused)
{
    (void)unused;
    if (mt_python_exact == MT_EXACT_WAITING)
        mt_python_exact = MT_EXACT_OFF;
    else
        return 0;
    if (version_minor >= 12 ? mt_python_exact_monitor() : mt_python_exact_trace())
        mt_python_exact = MT_EXACT_ON;
    return 0;
}

void mt_python_exact_ask(void)
{
    static uint32_t asked;

    /* Py_AddPendingCall may be called from anywhere; its lock is never held where memory is asked for. */
    if (!asked && mt_python_api.is_initialized() &&
        !__atomic_exchange_n(&asked, 1, __ATOMIC_RELAXED) &&
        mt_python_api.add_pending_call(set_up, NULL) != 0)
        asked = 0;
}

/* ---- names, and what the program asked for ---- */

bool mt_python_exact_watch(void *code, bool on)
{
    static bool failed;
    unsigned at = 0;

    if (!on && mt_python_exact != MT_EXACT_ON)
        return true;
    if (mt_python_exact == MT_EXACT_OFF && version_minor && !failed) {
        failed = true;
        if (find_api(symbols))
            mt_python_exact = MT_EXACT_WAITING;
        else
            mt_python_exact_note("the interpreter lacks a symbol");
    }
    set_up(NULL);
    if (mt_python_exact != MT_EXACT_ON)
        return false;
    failed = false;
    while (at < watched_count && watched[at] != (uintptr_t)code)
        at++;
    if (on && at == NAMES_MAX)
        return false;
    if (on && at == watched_count)
        watched[watched_count++] = (uintptr_t)code;
    else if (!on && at < watched_count)
        watched[at] = watched[--watched_count];
    mt_python_exact_died((uintptr_t)code); /* what was looked up is no longer so */
    if (version_minor < 12 && !watched_count && !name_count) {
        mt_python_exact_trace_end();
        mt_python_exact = MT_EXACT_OFF;
    }
    return version_minor < 12 || mt_python_exact_monitor_watch(code, on);
}

bool mt_python_exact_wanted(uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    char file_room[NAME_ROOM], name_room[NAME_ROOM];
    size_t file_bytes, name_bytes;

    for (unsigned i = 0; i < watched_count; i++)
        if (watched[i] == code)
            return true;
    if (!name_count)
        return false;
    const char *name =
        mt_python_text(mt_load(code, l->code_name), name_room, sizeof name_room, &name_bytes);
    const char *file =
        mt_python_text(mt_load(code, l->code_file), file_room, sizeof file_room, &file_bytes);

    for (unsigned i = 0; name && file && i < name_count; i++)
        if (mt_python_exact_match(names[i].text, names[i].bytes, file, file_bytes, name, name_bytes,
                                  version_minor < 11))
            return true;
    return false;
}

/* ---- counts ---- */

static uint64_t made_find(uint32_t code, uint32_t period, uint32_t count)
{
    if (made_epoch != mt_python.epoch) {
        made_epoch = mt_python.epoch;
        made_used = 0;
        said_full = false;
    }
    for (size_t i = made_used; i-- > 0;)
        if (made[i].code == code && made[i].period == period && made[i].count >= count)
            return made[i].at;
    return 0;
}

static void made_keep(struct made one)
{
    if (made_used == made_cap) {
        size_t cap = made_cap ? made_cap * 2 : 64;
        struct made *grown = mt_meta_grow(made, made_cap * sizeof *made, cap * sizeof *made);

        if (!grown)
            return;
        made = grown;
        made_cap = cap;
    }
    made[made_used++] = one;
}

static uint64_t record_make(uint32_t code, uint32_t period, uint32_t first_line, uint32_t count)
{
    uint32_t head[] = {code, first_line, count, period};
    struct mt_line *lines = mt_meta_alloc(count * sizeof *lines);
    struct mt_piece pieces[] = {{head, sizeof head}, {lines, count * sizeof *lines}};
    uint64_t at = 0;

    _Static_assert(sizeof head == sizeof(struct mt_record_lines) - sizeof(struct mt_record),
                   "the record is its head and the same four words");
    if (!lines || !mt_log_record_at(MT_RECORD_LINES, pieces, 2, &at))
        at = 0;
    mt_meta_free(lines);
    return at;
}

void mt_python_exact_forget_lock(void)
{
    if (!making.held)
        return;
    made = NULL; /* another thread of the parent was at it */
    made_used = made_cap = 0;
    making.held = 0;
}

/* Where the LINES record of a code object is, made if need be; 0: no room. Under `making`. */
static uint64_t record_for(uint32_t id, uint32_t first, uint32_t count)
{
    uint32_t period = __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED);
    uint64_t at = made_find(id, period, count);

    if (!at && (at = record_make(id, period, first, count)))
        made_keep((struct made){id, period, count, at}); /* else another one next time */
    return at;
}

/* The entry of a code object that is counted, with its LINES record; NULL: no room. */
static struct mt_python_code *prepare(uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    const struct mt_python_code *entered = mt_python_code_enter(code);
    struct mt_python_code *c = entered ? mt_python_code_find(code) : NULL;
    uintptr_t table = mt_load(code, l->code_table);
    int64_t first, last;
    uint32_t count;

    if (!c || c->first_line <= 0)
        return NULL;
    first = c->first_line;
    last = mt_python_line_last(l->lines, (const uint8_t *)(table + l->bytes_data),
                               mt_load(table, l->bytes_size), c->first_line);
    count = last - first < LINES_MAX ? (uint32_t)(last - first) + 2 : LINES_MAX;
    mt_lock_take(&making);
    __atomic_store_n(&c->exact, record_for(c->id, (uint32_t)first, count), __ATOMIC_RELEASE);
    mt_lock_drop(&making);
    return c->exact ? c : NULL;
}

static struct mt_record_lines *record_of(const struct mt_python_code *c)
{
    return (struct mt_record_lines *)(mt_log.base[MT_REGION_RECORD] + c->exact);
}

static void count_in(struct mt_record_lines *r, const struct mt_thread *t, int line)
{
    uint32_t index = line > 0 ? (uint32_t)line - r->first_line + 1 : 0;
    struct mt_line *m = (struct mt_line *)(r + 1) + index;

    if (index >= r->count || (line > 0 && !index))
        return;
    m->level = __atomic_load_n(&mt_log.header->level, __ATOMIC_RELAXED);
    m->last = (uint64_t)__atomic_load_n(&mt_log.header->tick, __ATOMIC_RELAXED) << 32 |
              (uint32_t)t->entry->events;
    if (mt_python.layout.free_threaded)
        __atomic_fetch_add(&m->executions, 1, __ATOMIC_RELAXED);
    else
        m->executions++;
}

void mt_python_exact_count(uintptr_t code, int line)
{
    int keep = errno;
    struct mt_thread *t = mt_enter();
    struct mt_python_code *c;

    if (!t)
        return;
    c = mt_python_code_find(code);
    if (!c || !c->exact || record_of(c)->period != mt_log.header->period)
        c = prepare(code);
    if (c) {
        count_in(record_of(c), t, line);
    } else if (!said_full) {
        said_full = true;
        mt_log_note(1, "lines are not counted: no room in the log");
    }
    mt_leave(t);
    errno = keep;
}
