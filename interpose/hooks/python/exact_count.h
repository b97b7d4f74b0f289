/* SPDX-License-Identifier: MIT
 *
 * Whose lines are counted, and the counts. See exact.h.
 */
#ifndef MT_PYTHON_EXACT_COUNT_H
#define MT_PYTHON_EXACT_COUNT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The interpreter's functions that are used, found when it is attached to. Objects are `void *`, as
 * there are no headers. */
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

/* Read the names that the user gave (MEMTRACE_LINES), once, for CPython 3.`minor`. False: there are
 * none. */
bool mt_python_exact_read_names(unsigned minor);
extern unsigned mt_python_exact_minor;

/* The program asks for this code object's lines, or no longer does. False: there are too many. */
bool mt_python_exact_keep(uintptr_t code, bool on);
/* Whether anybody asked for anything. */
bool mt_python_exact_any(void);

/* Whether the user named it, or the program asked for it. Takes no memory, calls nothing. */
bool mt_python_exact_wanted(uintptr_t code);

/* Count an execution of `line` of this code object, or a call of it (line 0). Keeps errno. */
void mt_python_exact_count(uintptr_t code, int line);

/* In the child of a fork: another thread of the parent may have been counting. */
void mt_python_exact_forget_lock(void);

/* Say in the log that lines are not counted, and why. */
void mt_python_exact_note(const char *why);

#endif
