/* SPDX-License-Identifier: MIT
 *
 * The registry is a hash with a fixed number of chains. An entry is never taken out of its chain or
 * released: a dead one is used again for a later address of the same chain. So look-ups and deaths
 * need no lock; entering takes one.
 */
#include "python/code.h"

#include <string.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/meta.h"
#include "foreign/stack.h"
#include "format.h"
#include "log/intern.h"
#include "log/log.h"
#include "python/interpreter.h"
#include "python/text.h"

#define CHAIN_BITS  14
#define RECORD_BITS 12
#define TEXT_MAX    16384 /* bytes of a name in the log; longer ones are cut */
#define TEXT_STACK  512   /* names up to this need no memory */

uint32_t mt_python_generation;
struct mt_python_listener mt_python_listener;

static struct mt_python_code *chains[1 << CHAIN_BITS];
static struct mt_lock entering;
static uint32_t ids;
static uint64_t serial; /* under `entering` */
static uintptr_t code_type;
static void (*original_dealloc)(void *);

static struct mt_python_code **chain_of(uintptr_t address)
{
    return &chains[(address >> 4) * 0x9e3779b97f4a7c15u >> (64 - CHAIN_BITS)];
}

struct mt_python_code *mt_python_code_find(uintptr_t address)
{
    struct mt_python_code *c = __atomic_load_n(chain_of(address), __ATOMIC_ACQUIRE);

    while (c && __atomic_load_n(&c->address, __ATOMIC_ACQUIRE) != address)
        c = c->next;
    return c;
}

/* Stands in the place of code_dealloc. Runs in the program's context, perhaps with locks of the
 * interpreter held, so it may neither wait nor allocate. There may be two entries for one address
 * (see enter). */
static void dealloc(void *code)
{
    bool known = false;
    struct mt_python_code *c = __atomic_load_n(chain_of((uintptr_t)code), __ATOMIC_ACQUIRE);

    for (; c; c = c->next) {
        if (__atomic_load_n(&c->address, __ATOMIC_RELAXED) == (uintptr_t)code) {
            __atomic_store_n(&c->address, 0, __ATOMIC_RELEASE);
            known = true;
        }
    }
    if (known)
        __atomic_fetch_add(&mt_python_generation, 1, __ATOMIC_RELEASE);
    if (__builtin_expect(mt_python_listener.died != NULL, 0))
        mt_python_listener.died((uintptr_t)code);
    original_dealloc(code);
}

bool mt_python_code_is(uintptr_t type)
{
    return type && type == code_type;
}

void mt_python_code_watch(uintptr_t type)
{
    void (**slot)(void *) = (void (**)(void *))(type + mt_python.layout.type_dealloc);

    code_type = type;
    if (*slot == dealloc)
        return;
    original_dealloc = *slot;
    __atomic_store_n(slot, dealloc, __ATOMIC_RELEASE);
}

/* The log's id of a str. */
static uint32_t text_id(uintptr_t text)
{
    char room[TEXT_STACK], *utf8 = room;
    size_t most = mt_python_text_most(text), bytes;
    const char *found;
    uint32_t id;

    if (most > TEXT_MAX)
        most = TEXT_MAX;
    if (most > TEXT_STACK)
        utf8 = mt_meta_alloc(most);
    if (!utf8)
        return 0;
    found = mt_python_text(text, utf8, most > TEXT_STACK ? most : TEXT_STACK, &bytes);
    id = found ? mt_log_string(found, bytes < TEXT_MAX ? bytes : TEXT_MAX) : mt_log_string("?", 1);
    if (utf8 != room)
        mt_meta_free(utf8);
    return id;
}

/* A code record. Code objects with the same file, name and first line share it, so that the log
 * does not grow with each eval() of a program. */
struct record {
    struct record *next; /* constant once published */
    uint32_t id, file, name, first_line;
    uint32_t command;
};
static struct record *records[1 << RECORD_BITS];

static struct record **records_of(const struct record *r)
{
    uint64_t hash = ((uint64_t)r->file << 32 | r->name) + r->first_line * 0xd6e8feb86659fd93u;

    return &records[hash * 0x9e3779b97f4a7c15u >> (64 - RECORD_BITS)];
}

static uint32_t record_find(const struct record *like)
{
    const struct record *r = __atomic_load_n(records_of(like), __ATOMIC_ACQUIRE);

    while (r && (r->file != like->file || r->name != like->name ||
                 r->first_line != like->first_line || r->command != like->command))
        r = r->next;
    return r ? r->id : 0;
}

/* Id of the record for such a code object, which is written when it is first met; 0: no space. If
 * two threads write it at the same time, the log has one that is not used. */
static uint32_t record_id(uintptr_t code, int32_t first_line, bool command)
{
    const struct mt_python_layout *l = &mt_python.layout;
    struct record like = {.file = text_id(mt_load(code, l->code_file)),
                          .name = text_id(mt_load(code, l->code_name)),
                          .first_line = first_line > 0 ? (uint32_t)first_line : 0,
                          .command = command};
    struct mt_piece piece = {&like.id,
                             offsetof(struct record, command) - offsetof(struct record, id)};
    struct record *made;
    uint32_t id;

    _Static_assert(offsetof(struct record, command) - offsetof(struct record, id) ==
                       sizeof(struct mt_record_code) - sizeof(struct mt_record),
                   "the log's record is its head and the same four words");
    if (!like.file || !like.name)
        return 0;
    if (mt_python_listener.file)
        mt_python_listener.file(like.file, mt_load(code, l->code_file));
    id = record_find(&like);
    if (id)
        return id;
    like.id = __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED);
    made = mt_meta_alloc(sizeof *made);
    if (!made || !mt_log_record(MT_RECORD_CODE, &piece, 1)) {
        mt_meta_free(made);
        return 0;
    }
    if (command) {
        uint32_t said[] = {like.id, 0};

        mt_log_record(MT_RECORD_COMMAND, &(struct mt_piece){said, sizeof said}, 1);
    }
    __atomic_fetch_or(&mt_log.header->flags, MT_FLAG_PYTHON, __ATOMIC_RELAXED);
    *made = like;
    mt_lock_take(&entering);
    id = record_find(&like);
    if (!id) {
        made->next = *records_of(&like);
        __atomic_store_n(records_of(&like), made, __ATOMIC_RELEASE);
    }
    mt_lock_drop(&entering);
    if (id)
        mt_meta_free(made);
    return id ? id : like.id;
}

/* Another log begins. Only called where there is one thread. */
static void records_forget(void)
{
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        for (struct record *r = mt_meta_torn ? NULL : records[i], *next; r; r = next) {
            next = r->next;
            mt_meta_free(r);
        }
        records[i] = NULL;
    }
}

void mt_python_code_forget_all(void)
{
    mt_lock_forget(&entering);
    if (!ids)
        return; /* leave the tables' pages untouched */
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
        for (struct mt_python_code *c = chains[i]; c; c = c->next)
            __atomic_store_n(&c->address, 0, __ATOMIC_RELEASE);
    records_forget();
    ids = 0;
    __atomic_fetch_add(&mt_python_generation, 1, __ATOMIC_RELEASE);
}

/* Put a code object, whose record is written, into the registry. If another thread was quicker,
 * both entries stay: each is right, and they die together. */
static struct mt_python_code *enter(uintptr_t code, uint32_t id, int32_t first_line)
{
    struct mt_python_code **chain = chain_of(code), *c;
    bool made = false;

    mt_lock_take(&entering);
    for (c = *chain; c && c->address; c = c->next)
        ;
    if (!c) {
        c = mt_meta_alloc(sizeof *c);
        made = true;
    }
    if (c) {
        c->first_line = first_line;
        c->id = id;
        c->exact = 0;
        __atomic_store_n(&c->serial, ++serial, __ATOMIC_RELAXED);
        __atomic_store_n(&c->address, code, __ATOMIC_RELEASE);
        if (made) {
            c->next = *chain;
            __atomic_store_n(chain, c, __ATOMIC_RELEASE);
        }
    }
    mt_lock_drop(&entering);
    return c;
}

struct entering {
    uintptr_t code;
    bool command;
    const struct mt_python_code *entry;
};

/* Names and paths are read into arrays. */
static void enter_aside(void *entering_)
{
    struct entering *e = entering_;
    int32_t first_line = *(const int32_t *)(e->code + mt_python.layout.code_first_line);
    uint32_t id = record_id(e->code, first_line, e->command);

    e->entry = id ? enter(e->code, id, first_line) : NULL;
}

static const struct mt_python_code *enter_as(uintptr_t code, bool command)
{
    struct entering e = {code, command, NULL};

    mt_aside(enter_aside, &e);
    return e.entry;
}

const struct mt_python_code *mt_python_code_enter(uintptr_t code)
{
    struct mt_python_code *c = mt_python_code_find(code);

    if (c)
        return c;
    if (mt_load(code, mt_python.layout.object_type) != code_type)
        return NULL;
    if (__builtin_expect(mt_python_listener.met != NULL, 0))
        mt_python_listener.met();
    return enter_as(code, false);
}

const struct mt_python_code *mt_python_code_enter_command(uintptr_t code)
{
    struct mt_python_code *c = mt_python_code_find(code);

    return c ? c : enter_as(code, true);
}

/* Bytes from the code object's first instruction. */
static int64_t offset_of(uintptr_t code, uintptr_t position)
{
    const struct mt_python_layout *l = &mt_python.layout;

    if (l->code_start)
        return (int64_t)(position - code - l->code_start);
    return (int64_t)(int32_t)position * l->position_unit;
}

uint32_t mt_python_code_frame(const struct mt_python_code *entry, uintptr_t code,
                              uintptr_t position, struct mt_python_mark *mark)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t table;
    int line;

    /* Code of the interpreter's own, in no source and without a first line. It stands between a
     * class that is called and its __init__, once that call is specialised (_Py_InitCleanup, 3.13).
     */
    if (entry->first_line <= 0)
        return MT_FOREIGN_HIDDEN;
    if (position == MT_PYTHON_RETURNS)
        return mt_log_frame(MT_FRAME_PYTHON, entry->id, MT_LINE_RETURN);
    table = mt_load(code, l->code_table);
    line = mt_python_line(l->lines, (const uint8_t *)(table + l->bytes_data),
                          mt_load(table, l->bytes_size), entry->first_line,
                          offset_of(code, position), mark);

    /* Instructions without a line (those that make a generator, say) count for the function's first
     * line. */
    if (line < 0)
        line = entry->first_line;
    return mt_log_frame(MT_FRAME_PYTHON, entry->id, line > 0 ? (uint64_t)line : 0);
}
