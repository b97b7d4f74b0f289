/* SPDX-License-Identifier: MIT
 *
 * Exact lines: of functions that the user named (MEMTRACE_LINES), every execution of a line is counted, with the level that
 * it began with. From 3.12 on by sys.monitoring's local events on these code objects, which a code watcher finds when they
 * are made, so that other functions cost what they always do; before that by a trace function that is set while one of them
 * runs and by nothing else, which a frame evaluation function (PEP 523) sees to.
 *
 * All of it runs with the GIL, in the program's context and outside the guard unless said otherwise; the interpreter's API
 * is called as an extension module would.
 */
#ifndef MT_PYTHON_EXACT_H
#define MT_PYTHON_EXACT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The interpreter's functions that are used, found when it is attached to. Objects are `void *`, as there are no headers. */
struct mt_python_api {
    int (*is_initialized)(void);
    int (*add_pending_call)(int (*)(void *), void *);
    void (*err_clear)(void);
    void (*dec_ref)(void *);
    void *(*sys_get)(const char *); /* borrowed */
    void *(*get_attr)(void *, const char *);
    void *(*build)(const char *, va_list);
    void *(*call)(void *, void *);
    long (*as_long)(void *);
    void *(*function_new)(const void *method, void *self, void *module);
    void *none;
    /* 3.12 on */
    int (*add_watcher)(int (*)(int, void *));
    /* up to 3.11 */
    void (*set_trace)(int (*)(void *, void *, int, void *), void *);
    int (*frame_line)(void *);
    void *(*interpreter)(void);
    void *evaluate;                /* _PyEval_EvalFrameDefault */
    void *(*get_evaluate)(void *); /* 3.9 on */
    void (*set_evaluate)(void *, void *);
};
extern struct mt_python_api mt_python_api;

/* Read the names and find the functions. Called once, when the interpreter of 3.`minor` with symbols in `handle` was
 * attached to; guard set. */
void mt_python_exact_attach(void *handle, unsigned minor);

/* WAITING: to be set up as soon as the interpreter runs. */
enum mt_python_exact { MT_EXACT_OFF, MT_EXACT_WAITING, MT_EXACT_ON };
extern uint32_t mt_python_exact;

/* A code object was met for the first time: where the wait is noticed to be over. Guard set; inside an allocation, so that
 * nothing is done but to ask the interpreter for a call when it can. */
void mt_python_exact_ask(void);
static inline void mt_python_exact_met(void)
{
    if (__builtin_expect(mt_python_exact == MT_EXACT_WAITING, 0))
        mt_python_exact_ask();
}

/* A code object dies. */
extern uintptr_t *mt_python_exact_known; /* see python_exact_trace.c */
void mt_python_exact_forget(uintptr_t code);
static inline void mt_python_exact_died(uintptr_t code)
{
    if (__builtin_expect(mt_python_exact_known != NULL, 0))
        mt_python_exact_forget(code);
}

/* The program asks for it at run time (memtrace.h): count the lines of this code object, which must live until it is told to
 * stop. False: it can't be, and a note says why. */
bool mt_python_exact_watch(void *code, bool on);

/* Whether the user named it, or the program asked for it. Takes no memory and calls nothing. */
bool mt_python_exact_wanted(uintptr_t code);

/* Does `wanted` name the function `name` in `file`? FUNCTION, Class.method, module.function, FILE, FILE:FUNCTION. With
 * `bare`, names are without their class (up to 3.10): then a class in `wanted` is taken on trust. */
bool mt_python_exact_match(const char *wanted, size_t wanted_bytes, const char *file,
                           size_t file_bytes, const char *name, size_t name_bytes, bool bare);

/* Count an execution of `line` of this code object, or a call of it (line 0). Keeps errno. */
void mt_python_exact_count(uintptr_t code, int line);

/* In a fork child: another thread of the parent may have been counting. */
void mt_python_exact_forget_lock(void);

/* Say in the log that lines are not counted, and why. */
void mt_python_exact_note(const char *why);

/* ---- how lines are seen: false: it can't be, and a note says why ---- */

bool mt_python_exact_monitor(void); /* python_exact_monitor.c, 3.12 on */
bool mt_python_exact_monitor_watch(void *code, bool on);
bool mt_python_exact_trace(void);     /* python_exact_trace.c, 3.8 to 3.11 */
void mt_python_exact_trace_end(void); /* calls are as fast again as before it */

#endif
