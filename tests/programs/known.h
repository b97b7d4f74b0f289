/* SPDX-License-Identifier: MIT
 *
 * For traced programs with known answers, in C and C++: a small account of what the program did, line by line, kept by
 * the simplest means (it shares nothing with the tracker) and printed as JSON on standard output at the end. The account
 * itself allocates nothing. Lines are taken where the macros stand, so an edit never makes them wrong. Put each macro on
 * one line of the source.
 *
 *   p = ALLOC(n, malloc(n));          n bytes came; a NULL is no allocation
 *   RELEASE(p, free(p));              noted before the call, as another thread may get the address next
 *   p = MOVE(p, n, realloc(p, n));    one event
 *   q = CALL(f());  CALL_VOID(f());   what happens in f counts for this line too
 *   CHECK(condition)                  a failure is printed and fails the test
 *   return known_end(exact);          exact: the program allocates nothing besides, so its totals are known too
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KNOWN_LINES  256
#define KNOWN_DEPTH  64
#define KNOWN_BLOCKS 65536u /* a power of 2, more than twice as many as are ever live */

enum known_class {
    KNOWN_HEAP,
    KNOWN_ANON,
    KNOWN_SHARED,
    KNOWN_FILE,
    KNOWN_RESERVED,
    KNOWN_CLASSES
};

struct known_sums {
    int64_t allocated, released, freed, allocations, releases;
};

struct known_line {
    const char *file, *function;
    int line;
    struct known_sums sums; /* of what is in the level */
    int64_t at_peak, rise, level, discarded;
    int64_t blocks, at_peak_blocks; /* of the heap's: live now, and at the peak */
    struct known_sums by_class[KNOWN_CLASSES];
};

/* Where something was allocated: ids of lines, outermost first. */
struct known_stack {
    int depth;
    uint8_t line[KNOWN_DEPTH];
};

struct known_block {
    const void *at;
    int64_t bytes;
    struct known_stack stack;
};

struct known_run {
    int line;
    int64_t begin, max;
};

static struct known_line known_lines[KNOWN_LINES];
static int known_line_count = 1;
static struct known_block known_blocks[KNOWN_BLOCKS];
static struct known_sums known_totals[KNOWN_CLASSES];
static int64_t known_level, known_peak;
static int known_failures, known_threads, known_lock;
static int known_cut; /* events whose stack is deeper than a log holds */

static __thread struct known_stack known_here; /* lines of the calls that are under way */
static __thread struct known_run known_runs[KNOWN_DEPTH];
static __thread int known_run_count;
static __thread int64_t known_thread_level;

static void known_take(void)
{
    while (__atomic_exchange_n(&known_lock, 1, __ATOMIC_ACQUIRE))
        usleep(1);
}

static void known_drop(void)
{
    __atomic_store_n(&known_lock, 0, __ATOMIC_RELEASE);
}

/* dprintf may allocate, snprintf does not. */
__attribute__((format(printf, 2, 3))) static void known_say(int fd, const char *format, ...)
{
    char room[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(room, sizeof room, format, args);
    va_end(args);
    for (int at = 0, done; at < n; at += done)
        if ((done = (int)write(fd, room + at, (size_t)(n - at))) <= 0)
            abort();
}

static void known_fail(const char *file, int line, const char *what)
{
    known_failures++;
    known_say(2, "%s:%d: %s\n", file, line, what);
}
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            known_fail(__FILE__, __LINE__, #condition);                                            \
    } while (0)

static void known_push(const char *file, int line, const char *function)
{
    int i = 1, keep = errno;
    known_take();
    while (i < known_line_count &&
           (known_lines[i].line != line || strcmp(known_lines[i].file, file) ||
            strcmp(known_lines[i].function, function)))
        i++;
    if (i == known_line_count) {
        known_lines[i].file = file;
        known_lines[i].line = line;
        known_lines[i].function = function;
        known_line_count++;
    }
    known_drop();
    if (i >= KNOWN_LINES - 1 || known_here.depth >= KNOWN_DEPTH)
        abort();
    known_here.line[known_here.depth++] = (uint8_t)i;
    errno = keep;
}

static void known_pop(void)
{
    known_here.depth--;
    __asm__ volatile("" : : : "memory");
}

/* Does the stack's entry i count for its line: is it the outermost of that line? */
static int known_counts(const struct known_stack *s, int i)
{
    for (int k = 0; k < i; k++)
        if (s->line[k] == s->line[i])
            return 0;
    return 1;
}

static int known_in_level(enum known_class of)
{
    return of == KNOWN_HEAP || of == KNOWN_ANON || of == KNOWN_SHARED;
}

/* The runs that this event's stack is not part of end, and those of its new lines begin. */
static void known_move_runs(void)
{
    const struct known_stack *s = &known_here;
    int same = 0;
    while (same < s->depth && same < known_run_count && known_runs[same].line == s->line[same])
        same++;
    known_run_count = same;
    for (; known_run_count < s->depth; known_run_count++) {
        struct known_run run = {s->line[known_run_count], known_thread_level, known_thread_level};
        known_runs[known_run_count] = run;
    }
}

/* `bytes` go that were allocated with stack `s`. */
static void known_gone(const struct known_stack *s, enum known_class of, int64_t bytes)
{
    for (int i = 0; i < s->depth; i++) {
        if (!known_counts(s, i))
            continue;
        known_lines[s->line[i]].by_class[of].freed += bytes;
        known_lines[s->line[i]].blocks -= of == KNOWN_HEAP;
        if (known_in_level(of))
            known_lines[s->line[i]].sums.freed += bytes;
    }
    known_totals[of].freed += bytes;
    for (int i = 0; i < known_here.depth; i++) {
        struct known_line *l = &known_lines[known_here.line[i]];
        if (!known_counts(&known_here, i))
            continue;
        l->by_class[of].released += bytes;
        l->by_class[of].releases++;
        if (known_in_level(of)) {
            l->sums.released += bytes;
            l->sums.releases++;
        }
    }
    known_totals[of].released += bytes;
    known_totals[of].releases++;
    if (known_in_level(of)) {
        known_level -= bytes;
        known_thread_level -= bytes;
    }
}

static void known_came(enum known_class of, int64_t bytes)
{
    for (int i = 0; i < known_here.depth; i++) {
        struct known_line *l = &known_lines[known_here.line[i]];
        if (!known_counts(&known_here, i))
            continue;
        l->by_class[of].allocated += bytes;
        l->blocks += of == KNOWN_HEAP;
        l->by_class[of].allocations++;
        if (known_in_level(of)) {
            l->sums.allocated += bytes;
            l->sums.allocations++;
        }
    }
    known_totals[of].allocated += bytes;
    known_totals[of].allocations++;
    if (known_in_level(of)) {
        known_level += bytes;
        known_thread_level += bytes;
    }
}

/* After all that an event changed: levels, rises, the peak. */
static void known_settle(void)
{
    for (int i = 0; i < known_run_count; i++) {
        struct known_run *r = &known_runs[i];
        struct known_line *l = &known_lines[r->line];
        if (known_thread_level > r->max)
            r->max = known_thread_level;
        if (known_counts(&known_here, i)) {
            if (r->max - r->begin > l->rise)
                l->rise = r->max - r->begin;
            l->level = known_level;
        }
    }
    if (known_level <= known_peak)
        return;
    known_peak = known_level;
    for (int i = 1; i < known_line_count; i++) {
        known_lines[i].at_peak = known_lines[i].sums.allocated - known_lines[i].sums.freed;
        known_lines[i].at_peak_blocks = known_lines[i].blocks;
    }
}

/* ---- blocks ---- */

static struct known_block *known_find(const void *at)
{
    uint32_t i = (uint32_t)((uintptr_t)at >> 4) * 2654435761u & (KNOWN_BLOCKS - 1);
    while (known_blocks[i].at && known_blocks[i].at != at)
        i = (i + 1) & (KNOWN_BLOCKS - 1);
    return &known_blocks[i];
}

static void known_enter_block(const void *at, int64_t bytes)
{
    /* A place is never emptied (its block becomes one of 0 bytes of nobody), so a chain never breaks. */
    struct known_block *b = known_find(at);
    b->at = at;
    b->bytes = bytes;
    b->stack = known_here;
}

/* An event on blocks: `old` goes (NULL: nothing), `block` comes (NULL: nothing). */
static inline void known_change(const char *file, int line, const char *function, const void *old,
                                const void *block, size_t bytes)
{
    int keep = errno;
    if (!old && !block)
        return;
    known_push(file, line, function);
    known_take();
    known_move_runs();
    if (old) {
        struct known_block *b = known_find(old);
        struct known_stack nobody = {0, {0}};
        if (!b->at || b->bytes < 0)
            known_fail(file, line, "released twice, or never allocated");
        else
            known_gone(&b->stack, KNOWN_HEAP, b->bytes);
        b->bytes = -1;
        b->stack = nobody;
    }
    if (block) {
        known_came(KNOWN_HEAP, (int64_t)bytes);
        known_enter_block(block, (int64_t)bytes);
    }
    known_settle();
    known_drop();
    known_pop();
    errno = keep;
}

static inline void known_moved(const char *file, int line, const char *function, const void *old,
                               const void *block, size_t bytes)
{
    if (block || !bytes)
        known_change(file, line, function, old, block, bytes);
}

/* The same pointer, of which the compiler knows nothing: it may not warn of what these tests do, nor leave calls out. */
static inline void *known_hide(void *p)
{
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

/* Behind a call at a function's end: else the compiler may leave the function first, and its line is nowhere. */
static inline __attribute__((always_inline)) void known_stay(void)
{
    __asm__ volatile("" : : : "memory");
}

#define KNOWN_AT __FILE__, __LINE__, __func__

/* clang-format off: each must be one expression, for use on one line */
#define ALLOC(n, expression)                                                                       \
    (__extension__({                                                                               \
        void *known_p = known_hide(expression);                                                    \
        known_change(KNOWN_AT, NULL, known_p, n);                                                  \
        known_p;                                                                                   \
    }))
#define RELEASE(block, expression)                                                                 \
    (known_change(KNOWN_AT, block, NULL, 0), (expression), known_stay())
#define MOVE(block, n, expression)                                                                 \
    (__extension__({                                                                               \
        void *known_old = known_hide(block), *known_p = known_hide(expression);                    \
        known_moved(KNOWN_AT, known_old, known_p, n);                                              \
        known_p;                                                                                   \
    }))
#ifdef __cplusplus
/* A temporary object, which lives to the end of the whole expression, or to an exception. */
struct known_scope {
    known_scope(const char *file, int line, const char *function)
    {
        known_push(file, line, function);
    }
    ~known_scope()
    {
        known_pop();
    }
};
#define CALL(expression)      (known_scope(KNOWN_AT), (expression))
#define CALL_VOID(expression) (known_scope(KNOWN_AT), (expression))
#else
#define CALL(expression)                                                                           \
    (__extension__({                                                                               \
        known_push(KNOWN_AT);                                                                      \
        __typeof__(expression) known_v = (expression);                                             \
        known_pop();                                                                               \
        known_v;                                                                                   \
    }))
#define CALL_VOID(expression) (known_push(KNOWN_AT), (expression), known_pop())
#endif
/* clang-format on */

/* ---- the end ---- */

static void known_print_sums(const struct known_sums *s)
{
    known_say(1,
              "\"allocated\": %lld, \"released\": %lld, \"live\": %lld, \"allocations\": %lld, "
              "\"releases\": %lld",
              (long long)s->allocated, (long long)s->released, (long long)(s->allocated - s->freed),
              (long long)s->allocations, (long long)s->releases);
}

/* Of a fork child: what was live in its parent, and what it has given back of that. */
static int64_t known_inherited, known_given_back, known_gives_back;

#define GIVE_BACK(bytes, call)                                                                     \
    do {                                                                                           \
        known_given_back += (bytes);                                                               \
        known_gives_back++;                                                                        \
        call;                                                                                      \
    } while (0)

/* A child's account begins with nothing; the calls that are under way are its as well. */
__attribute__((unused)) static void known_forked(void)
{
    for (int i = 1; i < known_line_count; i++) {
        struct known_line *l = &known_lines[i];
        l->at_peak = l->rise = l->level = l->discarded = l->blocks = l->at_peak_blocks = 0;
        memset(&l->sums, 0, sizeof l->sums);
        memset(l->by_class, 0, sizeof l->by_class);
    }
    memset(known_totals, 0, sizeof known_totals);
    memset(known_blocks, 0, sizeof known_blocks);
    known_run_count = 0;
    known_inherited += known_level - known_given_back;
    known_given_back = known_gives_back = 0;
    known_level = known_peak = known_thread_level = 0;
}

/* Print the account; 0 if no check failed, for main to return. */
static int known_end(int exact)
{
    static const char *const names[] = {"heap", "anonymous", "shared", "file", "reserved"};
    known_say(1,
              "{\"exact\": %s, \"failures\": %d, \"cut\": %d, \"threads\": %d, \"pid\": %d, "
              "\"peak\": %lld,\n",
              exact ? "true" : "false", known_failures, known_cut, known_threads, (int)getpid(),
              (long long)known_peak);
    known_say(1, " \"inherited\": [%lld, %lld, %lld], \"classes\": {", (long long)known_inherited,
              (long long)known_given_back, (long long)known_gives_back);
    for (int c = 0; c < KNOWN_CLASSES; c++) {
        known_say(1, "%s\"%s\": {", c ? ", " : "", names[c]);
        known_print_sums(&known_totals[c]);
        known_say(1, "}");
    }
    known_say(1, "},\n \"lines\": [");
    for (int i = 1; i < known_line_count; i++) {
        const struct known_line *l = &known_lines[i];
        known_say(1, "%s\n  {\"file\": \"%s\", \"line\": %d, \"function\": \"%s\", ",
                  i > 1 ? "," : "", l->file, l->line, l->function);
        known_print_sums(&l->sums);
        known_say(1, ", \"rise\": %lld, \"at_peak\": %lld, \"mem_usage\": %lld, ",
                  (long long)l->rise, (long long)l->at_peak, (long long)l->level);
        known_say(1, "\"discarded\": %lld", (long long)l->discarded);
        if (!l->by_class[KNOWN_ANON].allocations && !l->by_class[KNOWN_SHARED].allocations)
            known_say(1, ", \"at_peak_blocks\": %lld", (long long)l->at_peak_blocks);
        for (int c = KNOWN_FILE; c < KNOWN_CLASSES; c++) {
            known_say(1, "%s\"%s\": {", c > KNOWN_FILE ? ", " : ", \"by_class\": {", names[c]);
            known_print_sums(&l->by_class[c]);
            known_say(1, "}");
        }
        known_say(1, "}}");
    }
    known_say(1, "]}\n");
    return known_failures != 0;
}

#endif
