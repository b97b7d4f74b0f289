/* SPDX-License-Identifier: MIT
 *
 * For programs that say what they do: each event with its whole logical stack, so that the true rise of every line and
 * function can be computed (oracle.py) and compared with what memtrace says.
 *
 *   static NOINLINE void store(int i) { FRAME; TAKE(i, 100); }
 *   void program(void) { FRAME; CALL(store(1)); FREE(1); }
 *
 * Each function begins with FRAME, each call of such a function stands in CALL, each event is one of the macros below.
 * Arguments call nothing. What the compiler makes of it (inlined, cloned, unrolled, called from several places) is seen at
 * run time: a logical frame with the frame address of the one outside it was inlined there, and a call from a return
 * address of its own is a call site of its own.
 *
 * Nothing here allocates while events are recorded. main is oracle.c's, and calls program().
 */
#ifndef RISE_ORACLE_H
#define RISE_ORACLE_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NOINLINE __attribute__((noinline))
#define INLINE   inline __attribute__((always_inline))

/* Enter a function; returns what oracle_leave takes. `file` NULL: without line information. */
uint32_t oracle_enter(const char *function, const char *file, void *frame, void *from,
                      uint32_t via);
/* The function returns, is left by an exception, or takes over again after a longjmp. */
void oracle_leave(const uint32_t *depth);
/* The innermost function is now at this line. */
void oracle_at(uint32_t line);
/* At this line `bytes` were taken (or given back: below 0). oracle_event_here: at the line where it is. */
void oracle_event(uint32_t line, int64_t bytes);
void oracle_event_here(int64_t bytes);

/* The thread's own blocks, by number. Over the rim they begin anew. */
struct oracle_block {
    void *start;
    int64_t bytes;
};
#define ORACLE_BLOCKS 256u
struct oracle_block *oracle_block(uint32_t number);
/* Pseudo-random, the same in every run: below `limit`. Of each thread. */
uint32_t oracle_pick(uint32_t limit);
void oracle_seed(uint32_t seed);
/* Events are left of `oracle_allow`. */
int oracle_more(void);
void oracle_allow(uint32_t events);
/* Write what was recorded and end the process here, without another event. */
__attribute__((noreturn)) void oracle_quit(void);

/* What a program gives: its beginning, and `count` threads that oracle_run_threads lets run and waits for. They are started
 * before program() is, as starting one allocates. Further waves of as many run after program(). */
void program(void);
extern const struct oracle_plan {
    uint32_t count, waves;
    void (*run)(uint32_t number);
} oracle_plan;
void oracle_run_threads(void);
/* Arguments of the process: numbers. */
extern int oracle_argument[2];

#ifdef __cplusplus
}
#endif

#ifdef ORACLE_NO_LINES /* compiled without -g: only functions are known */
#define ORACLE_FILE ((const char *)0)
#define ORACLE_LINE 0u
#else
#define ORACLE_FILE __FILE__
#define ORACLE_LINE ((uint32_t)__LINE__)
#endif

#define ORACLE_FRAME(name, via)                                                                    \
    __attribute__((cleanup(oracle_leave))) uint32_t oracle_depth = oracle_enter(                   \
        name, ORACLE_FILE, __builtin_frame_address(0), __builtin_return_address(0), via)
#define FRAME          ORACLE_FRAME(__func__, 0)
#define FRAME_AS(name) ORACLE_FRAME(name, 0)
/* A function that code without FRAME calls, a library's: the call site of the function outside counts, too. */
#define FRAME_VIA(name) ORACLE_FRAME(name, 1)

/* No two of these are the same, so no two calls become one. */
#define ORACLE_MARK __asm__ volatile("/* %c0 */" ::"i"(__COUNTER__) : "memory")

#define CALL(call)                                                                                 \
    do {                                                                                           \
        oracle_at(ORACLE_LINE);                                                                    \
        ORACLE_MARK;                                                                               \
        call;                                                                                      \
        ORACLE_MARK;                                                                               \
    } while (0)

/* `start` was got by a call on this line. */
#define GOT(start, size)                                                                           \
    do {                                                                                           \
        void *oracle_start = (start);                                                              \
        __asm__ volatile("/* %c1 */" ::"r"(oracle_start), "i"(__COUNTER__) : "memory");            \
        oracle_event(ORACLE_LINE, (int64_t)(size));                                                \
    } while (0)
#define GAVE(size)                                                                                 \
    do {                                                                                           \
        ORACLE_MARK;                                                                               \
        oracle_event(ORACLE_LINE, -(int64_t)(size));                                               \
    } while (0)

#define TAKE(number, size)                                                                         \
    do {                                                                                           \
        struct oracle_block *oracle_b = oracle_block(number);                                      \
        oracle_b->bytes = (int64_t)(size);                                                         \
        oracle_b->start = malloc((size_t)oracle_b->bytes);                                         \
        GOT(oracle_b->start, oracle_b->bytes);                                                     \
    } while (0)
#define FREE(number)                                                                               \
    do {                                                                                           \
        struct oracle_block *oracle_b = oracle_block(number);                                      \
        if (oracle_b->start) {                                                                     \
            free(oracle_b->start);                                                                 \
            GAVE(oracle_b->bytes);                                                                 \
            oracle_b->start = NULL;                                                                \
        }                                                                                          \
    } while (0)
#define GROW(number, size)                                                                         \
    do {                                                                                           \
        struct oracle_block *oracle_b = oracle_block(number);                                      \
        int64_t oracle_old = oracle_b->start ? oracle_b->bytes : 0;                                \
        oracle_b->bytes = (int64_t)(size);                                                         \
        oracle_b->start = realloc(oracle_b->start, (size_t)oracle_b->bytes);                       \
        GOT(oracle_b->start, oracle_b->bytes - oracle_old);                                        \
    } while (0)

#endif
