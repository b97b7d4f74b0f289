/* SPDX-License-Identifier: MIT
 *
 * Lines from 3.12 on: sys.monitoring. A code watcher tells of each code object that is made. Those
 * that the user named get local events, and all others stay as they are. Debuggers and coverage
 * tools have tool ids of their own, so nobody gets in anybody's way. What the events cost in the
 * named functions is the interpreter's doing: it may allocate an int for the line.
 */
#include <stdarg.h>

#include "hooks/python/exact_count.h"
#include "hooks/python/exact_ways.h"

/* Ids that sys.monitoring gives no meaning. */
static const int ids[] = {4, 3};

enum { CODE_CREATED = 0, METH_FASTCALL = 0x80 };

/* PyMethodDef, which is part of the stable ABI. */
struct method {
    const char *name;
    void *(*call)(void *self, void *const *arguments, intptr_t count);
    int flags;
    const char *doc;
};

static void *set_local_events;
static int tool;
static long wanted_events;

static void *on_line(void *self, void *const *arguments, intptr_t count)
{
    (void)self;
    if (count >= 2)
        mt_python_exact_count((uintptr_t)arguments[0], (int)mt_python_api.as_long(arguments[1]));
    return mt_python_api.none; /* immortal */
}

static void *on_start(void *self, void *const *arguments, intptr_t count)
{
    (void)self;
    if (count >= 1)
        mt_python_exact_count((uintptr_t)arguments[0], 0);
    return mt_python_api.none;
}

static const struct method methods[] = {
    {"memtrace_line", on_line, METH_FASTCALL, NULL},
    {"memtrace_start", on_start, METH_FASTCALL, NULL},
};

/* Call function(...) and drop the result; `format` is Py_BuildValue's, in brackets. False: it
 * raised. */
static bool call(void *function, const char *format, ...)
{
    void *arguments, *result = NULL;
    va_list list;

    va_start(list, format);
    arguments = function ? mt_python_api.build(format, list) : NULL;
    va_end(list);
    if (arguments) {
        result = mt_python_api.call(function, arguments);
        mt_python_api.dec_ref(arguments);
    }
    if (result)
        mt_python_api.dec_ref(result);
    else
        mt_python_api.err_clear();
    return result != NULL;
}

bool mt_python_exact_monitor_watch(void *code, bool on)
{
    return call(set_local_events, "(iOl)", tool, code, on ? wanted_events : 0L);
}

static int on_code(int event, void *code)
{
    if (event == CODE_CREATED && mt_python_exact_wanted((uintptr_t)code))
        call(set_local_events, "(iOl)", tool, code, wanted_events);
    return 0;
}

static long event_of(void *events, const char *name)
{
    void *value = mt_python_api.get_attr(events, name);
    long event = value ? mt_python_api.as_long(value) : 0;

    if (value)
        mt_python_api.dec_ref(value);
    else
        mt_python_api.err_clear();
    return event;
}

/* An attribute, which is kept for good; so does the interpreter. */
static void *attribute(void *object, const char *name)
{
    void *value = mt_python_api.get_attr(object, name);

    if (!value)
        mt_python_api.err_clear();
    return value;
}

static bool take_tool(void *monitoring)
{
    void *use = attribute(monitoring, "use_tool_id");

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        tool = ids[i];
        if (call(use, "(is)", tool, "memtrace"))
            return true;
    }
    mt_python_exact_note("sys.monitoring has no free tool id");
    return false;
}

static bool listen(void *monitoring, long event, const struct method *method)
{
    void *function = mt_python_api.function_new(method, NULL, NULL);
    bool done;

    if (!function) {
        mt_python_api.err_clear();
        return false;
    }
    done = call(attribute(monitoring, "register_callback"), "(ilO)", tool, event, function);
    mt_python_api.dec_ref(function);
    return done;
}

bool mt_python_exact_monitor(void)
{
    void *monitoring = mt_python_api.sys_get("monitoring"), *events;
    long line, start;

    if (!monitoring || !take_tool(monitoring))
        return false;
    events = attribute(monitoring, "events");
    line = events ? event_of(events, "LINE") : 0;
    start = events ? event_of(events, "PY_START") : 0;
    wanted_events = line | start;
    set_local_events = attribute(monitoring, "set_local_events");
    if (line && start && set_local_events && listen(monitoring, line, &methods[0]) &&
        listen(monitoring, start, &methods[1])) {
        if (mt_python_api.add_watcher(on_code) >= 0)
            return true;
        mt_python_api.err_clear();
    }
    call(attribute(monitoring, "free_tool_id"), "(i)", tool);
    mt_python_exact_note("sys.monitoring or the code watchers have an unknown form");
    return false;
}
