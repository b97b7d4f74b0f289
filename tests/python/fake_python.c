/* SPDX-License-Identifier: MIT */
#include "fake_python.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../interpose/log/log.h"
#include "../../interpose/base/meta.h"
#include "../../interpose/loader/modules.h"
#include "../../interpose/log/intern.h"
#include "../../interpose/base/guard.h"

_Thread_local uintptr_t fake_state;
_Thread_local bool fake_attached;
uintptr_t fake_finalizing;

bool mt_python_attached, mt_python_unsettled;
struct mt_python mt_python;
const uintptr_t *mt_python_finalizing = &fake_finalizing;

/* ---- the log ---- */

static struct mt_header header;
struct mt_log mt_log = {.header = &header};

#define STRINGS 4096
#define CODES   65536
#define FRAMES  262144
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char *strings[STRINGS];
static struct mt_frame_entry frames[FRAMES];
static uint32_t code_files[CODES];
static unsigned notes;

uint32_t mt_log_string(const char *text, size_t bytes)
{
    uint32_t i = 1;

    pthread_mutex_lock(&log_lock);
    while (i < STRINGS - 1 && strings[i] &&
           (strlen(strings[i]) != bytes || memcmp(strings[i], text, bytes) != 0))
        i++;
    if (!strings[i])
        strings[i] = strndup(text, bytes);
    pthread_mutex_unlock(&log_lock);
    return i;
}

uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value)
{
    uint32_t i = (owner * 2654435761u + (uint32_t)value * 40503u) % FRAMES;

    pthread_mutex_lock(&log_lock);
    while (i == 0 || (frames[i].kind && (frames[i].kind != kind || frames[i].owner != owner ||
                                         frames[i].value != value)))
        i = (i + 1) % FRAMES;
    frames[i] = (struct mt_frame_entry){value, owner, (uint32_t)kind};
    pthread_mutex_unlock(&log_lock);
    return i;
}

bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count)
{
    const uint32_t *fields = pieces[0].data;

    if (kind != MT_RECORD_CODE || count != 1 || fields[0] >= CODES)
        abort();
    code_files[fields[0]] = fields[1];
    return true;
}

void mt_log_note(unsigned severity, const char *format, ...)
{
    (void)severity;
    (void)format;
    notes++;
}

const char *fake_file(mt_key key)
{
    return strings[code_files[frames[(uint32_t)key].owner]];
}

unsigned fake_log_line(mt_key key)
{
    return (unsigned)frames[(uint32_t)key].value;
}

bool fake_is_cut(mt_key key)
{
    return frames[(uint32_t)key].kind == MT_FRAME_CUT;
}

unsigned fake_notes(void)
{
    return notes;
}

uint64_t fake_missed(void)
{
    return __atomic_load_n(&header.python_missed, __ATOMIC_RELAXED);
}

/* ---- the interpreter ---- */

#define L mt_python.layout

static char runtime[4096], code_type[512];

static void put(uintptr_t at, unsigned offset, uintptr_t value)
{
    memcpy((void *)(at + offset), &value, sizeof value);
}

static void put_int(uintptr_t at, unsigned offset, int32_t value)
{
    memcpy((void *)(at + offset), &value, sizeof value);
}

void fake_interpreters(unsigned count)
{
    put((uintptr_t)runtime, L.runtime_interpreters, count);
    put((uintptr_t)runtime, L.runtime_interpreters + 8u, 1);
}

static void *own(void)
{
    /* Up to 3.11 what tells is the holder of the GIL, in _PyRuntime. */
    if (L.runtime_current)
        put((uintptr_t)runtime, L.runtime_current, fake_attached ? fake_state : 1);
    return (void *)fake_state;
}

static void *current(void)
{
    return fake_attached ? (void *)fake_state : NULL;
}

static void original_dealloc(void *code)
{
    memset(code, 0x55, FAKE_CODE_BYTES);
}

/* What 3.15 says of itself at the beginning of _PyRuntime: only the words that are read (layout.c). */
static void describe(void)
{
    static const struct {
        uint16_t word, value;
    } words[] = {
        {3, 4096}, {4, 912},  {5, 936},             /* runtime: size, finalizing, head */
        {22, 600}, {26, 72},  {27, 80},  {30, 176}, /* thread: size, frame, base, id */
        {39, 128}, {40, 8},   {41, 0},   {42, 56},  {44, 74}, /* frame: size, previous, code, position, owner */
        {47, 240}, {48, 112}, {50, 128}, {51, 136}, {52, 68}, {56, 208}}; /* code */

    memset(runtime, 0, sizeof runtime);
    memcpy(runtime, "xdebugpy", 8);
    put((uintptr_t)runtime, 8, 3u << 24 | 15u << 16 | 0xf0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        put((uintptr_t)runtime, 8u * words[i].word, words[i].value);
}

void fake_attach(unsigned minor)
{
    const char *why;
    bool differs;

    if (minor == 15)
        describe();
    if (!mt_python_layout_find(&L, 3u << 24 | minor << 16 | 0xf0, runtime, &differs, &why) ||
        differs)
        abort();
    mt_python.runtime = runtime;
    mt_python.own = own;
    mt_python.current = minor >= 12 ? current : NULL;
    mt_python.loop_begin[0] = 0x10000;
    mt_python.loop_end[0] = 0x20000;
    mt_python.epoch++;
    fake_interpreters(1);
    put((uintptr_t)code_type, L.type_dealloc, (uintptr_t)original_dealloc);
    mt_python_code_forget_all();
    mt_python_code_watch((uintptr_t)code_type);
    mt_python_attached = true;
    mt_interpreter = &mt_python_stack;
}

uintptr_t fake_state_make(void)
{
    uintptr_t state = (uintptr_t)calloc(1, 1024);

    if (L.thread_base) {
        put(state, L.thread_base, state + 768);
        fake_shim_set(state + 768, 0);
    }
    fake_state_set(state, fake_state_base(state), fake_state_cframe(state));
    return state;
}

uintptr_t fake_state_base(uintptr_t state)
{
    return L.thread_base ? state + 768 : 0;
}

uintptr_t fake_state_cframe(uintptr_t state)
{
    return state + 512;
}

void fake_state_set(uintptr_t state, uintptr_t frame, uintptr_t cframe)
{
    if (L.style == MT_PYTHON_SHIMS)
        cframe = fake_state_cframe(state);
    if (L.thread_cframe)
        put(state, L.thread_cframe, cframe);
    if (L.top_in_cframe) {
        put(state, L.thread_top, cframe);
        put(cframe, L.cframe_top, frame);
    } else {
        put(state, L.thread_top, frame);
    }
}

void fake_frame_set(uintptr_t frame, uintptr_t code, unsigned instruction, uintptr_t previous,
                    bool entry)
{
    put(frame, L.frame_code, code);
    put(frame, L.frame_previous, previous);
    if (L.code_start)
        put(frame, L.frame_position, code + L.code_start + 2 * instruction);
    else
        put_int(frame, L.frame_position, (int32_t)(2 * instruction / L.position_unit));
    if (L.frame_owner)
        *(char *)(frame + L.frame_owner) = L.style == MT_PYTHON_ENTRIES && entry;
}

void fake_shim_set(uintptr_t frame, uintptr_t previous)
{
    put(frame, L.frame_code, 0);
    put(frame, L.frame_previous, previous);
    *(char *)(frame + L.frame_owner) = 3;
}

void fake_cframe_set(uintptr_t cframe, uintptr_t previous)
{
    put(cframe, L.cframe_previous, previous);
}

static void text_make(uintptr_t at, const char *text)
{
    put(at, L.text_length, strlen(text));
    put_int(at, L.text_state, 1 << 2 | 1 << 5 | 1 << 6); /* Latin-1, compact, ASCII */
    memcpy((void *)(at + L.text_ascii), text, strlen(text));
}

void fake_code_make(uintptr_t at, int first_line, unsigned step, const char *file)
{
    uintptr_t table = at + 1024, name = at + 2048, path = at + 3072;
    unsigned char *data = (unsigned char *)(table + L.bytes_data);

    memset((void *)at, 0, FAKE_CODE_BYTES);
    put(at, sizeof(void *), (uintptr_t)code_type);
    put_int(at, L.code_first_line, first_line);
    put(at, L.code_table, table);
    put(at, L.code_name, name);
    put(at, L.code_file, path);
    text_make(name, "NAME");
    text_make(path, file);
    put(table, L.bytes_size, 2 * FAKE_INSTRUCTIONS);
    for (unsigned i = 0; i < FAKE_INSTRUCTIONS; i++) { /* each instruction is `step` lines on */
        data[2 * i] = L.lines == MT_LINES_LOCATIONS ? 0x80 | 13 << 3 : 2;
        data[2 * i + 1] = (unsigned char)(L.lines == MT_LINES_LOCATIONS ? step << 1 : step);
    }
}

unsigned fake_line(int first_line, unsigned step, unsigned instruction)
{
    return (unsigned)first_line + step * (instruction + (L.lines != MT_LINES_LNOTAB));
}

void fake_code_die(uintptr_t at)
{
    void (*dealloc)(void *);

    memcpy(&dealloc, code_type + L.type_dealloc, sizeof dealloc);
    dealloc((void *)at);
}

bool mt_modules_switching;

uint32_t mt_modules_now = 1;
