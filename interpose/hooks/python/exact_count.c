/* SPDX-License-Identifier: MIT */
#include "hooks/python/exact_count.h"

#include <errno.h>
#include <string.h>

#include "base/aside.h"
#include "base/config.h"
#include "base/lock.h"
#include "base/meta.h"
#include "hooks/enter.h"
#include "hooks/python/exact_names.h"
#include "log/log.h"
#include "python/code.h"
#include "python/command.h"
#include "python/interpreter.h"
#include "python/lines.h"
#include "python/text.h"
#include "python/thread.h"

#define NAMES_MAX   64
#define WATCHED_MAX 1024
#define LINES_MAX   (1u << 20) /* of one code object */
#define NAME_ROOM   1024

struct mt_python_api mt_python_api;
unsigned mt_python_exact_minor;

static struct {
    const char *text;
    size_t bytes;
} names[NAMES_MAX];
static unsigned name_count;
static uintptr_t watched[WATCHED_MAX]; /* code objects that the program asked for; under the GIL */
static unsigned watched_count;

/* The LINES records of this log: code objects that share a code record share them, too. Under
 * `making`, since without the GIL threads may count at the same time. */
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

bool mt_python_exact_read_names(unsigned minor)
{
    mt_python_exact_minor = minor;
    read_names();
    return name_count > 0;
}

bool mt_python_exact_any(void)
{
    return watched_count || name_count;
}

bool mt_python_exact_keep(uintptr_t code, bool on)
{
    unsigned at = 0;

    while (at < watched_count && watched[at] != code)
        at++;
    if (on && at == WATCHED_MAX)
        return false;
    if (on && at == watched_count)
        watched[watched_count++] = code;
    else if (!on && at < watched_count)
        watched[at] = watched[--watched_count];
    return true;
}

void mt_python_exact_note(const char *why)
{
    struct mt_thread *t = mt_enter();

    if (!t)
        return;
    mt_log_note(1, "lines are not counted: %s", why);
    mt_leave(t);
}

struct match {
    uintptr_t code;
    bool found;
};

static void match_names(void *match)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t code = ((struct match *)match)->code;
    bool found = false;
    char file_room[NAME_ROOM], name_room[NAME_ROOM];
    size_t file_bytes, name_bytes;
    const char *name =
        mt_python_text(mt_load(code, l->code_name), name_room, sizeof name_room, &name_bytes);
    const char *file =
        mt_python_text(mt_load(code, l->code_file), file_room, sizeof file_room, &file_bytes);

    for (unsigned i = 0; name && file && i < name_count && !found; i++)
        found = mt_python_exact_match(names[i].text, names[i].bytes, file, file_bytes, name,
                                      name_bytes, mt_python_exact_minor < 11);
    ((struct match *)match)->found = found;
}

bool mt_python_exact_wanted(uintptr_t code)
{
    struct match match = {code, false};

    for (unsigned i = 0; i < watched_count; i++)
        if (watched[i] == code)
            return true;
    if (name_count)
        mt_aside(match_names, &match);
    return match.found;
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
    if (!making.holder && !mt_meta_torn)
        return;
    made = NULL; /* another thread of the parent was at it, or may have been */
    made_used = made_cap = 0;
    mt_lock_forget(&making);
}

/* Where a code object's LINES record is, which is made if need be; 0: no space. Under `making`. */
static uint64_t record_for(uint32_t id, uint32_t first, uint32_t count)
{
    uint32_t period = __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED);
    uint64_t at = made_find(id, period, count);

    if (!at && (at = record_make(id, period, first, count)))
        made_keep((struct made){id, period, count, at}); /* else another one next time */
    return at;
}

/* The entry of a code object that is counted, with its LINES record; NULL: no space. */
static struct mt_python_code *prepare(uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;
    struct mt_python_code *c = mt_python_code_find(code);
    uintptr_t table = mt_load(code, l->code_table);
    int64_t first, last;
    uint32_t count;

    if (!c) {
        mt_python_command_find(code, mt_python_thread_top());
        mt_python_code_enter(code);
        c = mt_python_code_find(code);
    }
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
    uint64_t at = __atomic_load_n(&c->exact, __ATOMIC_ACQUIRE); /* before the base: log.h */
    return (struct mt_record_lines *)(mt_log.base[MT_REGION_RECORD] + at);
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
        mt_log_note(1, "lines are not counted: no space in the log");
    }
    mt_leave(t);
    errno = keep;
}
