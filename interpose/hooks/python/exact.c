/* SPDX-License-Identifier: MIT
 *
 * What was asked for, and when it is set up.
 */
#include "hooks/python/exact.h"

#include <string.h>

#include "hooks/python/exact_count.h"
#include "hooks/python/exact_ways.h"
#include "log/log.h"
#include "python/code.h"
#include "python/interpreter.h"

uint32_t mt_python_exact;

static bool find_symbol(const char *name, void *to)
{
    void *symbol = mt_library_symbol(&mt_python.symbols, name, NULL);

    memcpy(to, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool find_api(void)
{
    static const struct {
        const char *name;
        void *to;
        unsigned from, to_minor;
    } list[] = {
        {"Py_IsInitialized", &mt_python_api.is_initialized, 8, 99},
        {"Py_AddPendingCall", &mt_python_api.add_pending_call, 8, 99},
        {"PyErr_Clear", &mt_python_api.err_clear, 8, 99},
        {"Py_DecRef", &mt_python_api.dec_ref, 8, 99},
        {"PySys_GetObject", &mt_python_api.sys_get, 12, 99},
        {"PyObject_GetAttrString", &mt_python_api.get_attr, 12, 99},
        {"Py_VaBuildValue", &mt_python_api.build, 12, 99},
        {"PyObject_CallObject", &mt_python_api.call, 12, 99},
        {"PyLong_AsLong", &mt_python_api.as_long, 12, 99},
        {"PyCFunction_NewEx", &mt_python_api.function_new, 12, 99},
        {"_Py_NoneStruct", &mt_python_api.none, 12, 99},
        {"PyCode_AddWatcher", &mt_python_api.add_watcher, 12, 99},
        {"PyEval_SetTrace", &mt_python_api.set_trace, 8, 11},
        {"PyFrame_GetLineNumber", &mt_python_api.frame_line, 8, 11},
        {"PyInterpreterState_Main", &mt_python_api.interpreter, 8, 11},
        {"_PyEval_EvalFrameDefault", &mt_python_api.evaluate, 8, 11},
        {"_PyInterpreterState_GetEvalFrameFunc", &mt_python_api.get_evaluate, 9, 11},
        {"_PyInterpreterState_SetEvalFrameFunc", &mt_python_api.set_evaluate, 9, 11},
    };

    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (mt_python_exact_minor >= list[i].from && mt_python_exact_minor <= list[i].to_minor &&
            !find_symbol(list[i].name, list[i].to))
            return false;
    return true;
}

static void wait_for_it(void)
{
    mt_python_exact = MT_EXACT_WAITING;
    mt_python_listener.met = mt_python_exact_ask;
}

void mt_python_exact_attach(unsigned minor)
{
    if (!mt_python_exact_read_names(minor))
        return;
    if (find_api())
        wait_for_it();
    else
        mt_log_note(1, "lines are not counted: the interpreter lacks a symbol");
}

/* Called by the interpreter in its main thread, between two instructions. */
static int set_up(void *unused)
{
    (void)unused;
    if (mt_python_exact != MT_EXACT_WAITING)
        return 0;
    mt_python_exact = MT_EXACT_OFF;
    mt_python_listener.met = NULL;
    if (mt_python_exact_minor >= 12 ? mt_python_exact_monitor() : mt_python_exact_trace())
        mt_python_exact = MT_EXACT_ON;
    return 0;
}

void mt_python_exact_ask(void)
{
    static uint32_t asked;

    /* Py_AddPendingCall may be called from anywhere; its lock is never held where memory is asked
     * for. */
    if (!asked && mt_python_api.is_initialized() &&
        !__atomic_exchange_n(&asked, 1, __ATOMIC_RELAXED) &&
        mt_python_api.add_pending_call(set_up, NULL) != 0)
        asked = 0;
}

/* ---- names, and what the program asked for ---- */

bool mt_python_exact_watch(void *code, bool on)
{
    static bool failed;
    if (!on && mt_python_exact != MT_EXACT_ON)
        return true;
    if (mt_python_exact == MT_EXACT_OFF && mt_python_exact_minor && !failed) {
        failed = true;
        if (find_api())
            wait_for_it();
        else
            mt_python_exact_note("the interpreter lacks a symbol");
    }
    set_up(NULL);
    if (mt_python_exact != MT_EXACT_ON)
        return false;
    failed = false;
    if (!mt_python_exact_keep((uintptr_t)code, on))
        return false;
    if (mt_python_listener.died)
        mt_python_listener.died((uintptr_t)code); /* what was looked up is no longer so */
    if (mt_python_exact_minor < 12 && !mt_python_exact_any()) {
        mt_python_exact_trace_end();
        mt_python_exact = MT_EXACT_OFF;
    }
    return mt_python_exact_minor < 12 || mt_python_exact_monitor_watch(code, on);
}
