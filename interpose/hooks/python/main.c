/* SPDX-License-Identifier: MIT
 *
 * The interpreter raises an audit event, cpython.run_file or the like, when everything is ready and
 * the program is about to begin; from 3.8 on, for each way to start one. An audit hook stays for
 * good, and makes the interpreter build the arguments of all later events. So there is one only
 * where MEMTRACE_PYTHON_MAIN asks for it.
 */
#include "hooks/python/main.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/guard.h"
#include "hooks/python/exact.h"
#include "loader/real.h"
#include "log/open.h"
#include "os/os.h"
#include "os/str.h"

struct method { /* PyMethodDef */
    const char *name;
    void *(*function)(void *self, void *argument);
    int flags;
    const char *documentation;
};
enum { METHOD_O = 8, FILE_INPUT = 257 };

static struct {
    int (*add_audit_hook)(int (*hook)(const char *, void *, void *), void *data);
    void *(*dict_new)(void);
    int (*dict_set)(void *dict, const char *key, void *value);
    void *(*builtins)(void);
    void *(*text)(const char *);
    void *(*function_new)(struct method *, void *self, void *module);
    void *(*run)(const char *text, int start, void *globals, void *locals, void *flags);
    void *(*call)(void *callable, void *arguments);
    void *(*from_long)(long);
    void (*dec_ref)(void *);
    void (*err_print)(void);
} api;

static char mark[4096 + 64]; /* process, decimals, rise, file */

/* Is the file's text run with these names. */
static const char program[] = "with open(_file, 'rb') as _text:\n"
                              "    exec(compile(_text.read(), _file, 'exec'))\n";

static void *count_lines(void *self, void *code)
{
    (void)self;
    return api.from_long(mt_ready && *mt_ready == 1 && mt_python_exact_watch(code, true));
}

/* With the guard set, so that nothing of it is an event of the program's. */
static void *call_aside(void *self, void *callable)
{
    uint32_t outer = mt_self.depth;
    (void)self;
    if (!outer)
        mt_guard();
    void *result = api.call(callable, NULL);
    mt_self.depth = outer;
    return result;
}

static void set(void *names, const char *name, void *value)
{
    if (value && api.dict_set(names, name, value) == 0)
        api.dec_ref(value);
}

static bool run_file(void)
{
    static struct method lines = {"_lines", count_lines, METHOD_O, NULL};
    static struct method aside = {"_aside", call_aside, METHOD_O, NULL};
    const char *file = mark;
    void *names = api.dict_new(), *result;

    for (unsigned colons = 0; *file && colons < 3; file++)
        colons += *file == ':';
    if (!names || api.dict_set(names, "__builtins__", api.builtins()) != 0)
        return false;
    set(names, "__name__", api.text("memtrace._main"));
    set(names, "_file", api.text(file));
    set(names, "_mark", api.text(mark));
    set(names, "_log", api.text(mt_ready && *mt_ready == 1 ? mt_log_path() : ""));
    set(names, "_lines", api.function_new(&lines, NULL, NULL));
    set(names, "_aside", api.function_new(&aside, NULL, NULL));
    result = api.run(program, FILE_INPUT, names, names, NULL);
    if (result)
        api.dec_ref(result);
    api.dec_ref(names);
    return result != NULL;
}

/* With the GIL, at the end of the interpreter's own start; raises nothing. */
static int audit(const char *event, void *arguments, void *data)
{
    static bool done;

    (void)arguments;
    (void)data;
    if (done || strncmp(event, "cpython.run_", 12) != 0)
        return 0;
    done = true;
    if (mt_os_pid() != (int)mt_str_number(mark))
        return 0;
    mt_guard();
    if (!run_file())
        api.err_print();
    mt_self.depth = 0;
    return 0;
}

static bool find_api(void)
{
    const struct {
        const char *name;
        void *to;
    } list[] = {
        {"PySys_AddAuditHook", &api.add_audit_hook},
        {"PyDict_New", &api.dict_new},
        {"PyDict_SetItemString", &api.dict_set},
        {"PyEval_GetBuiltins", &api.builtins},
        {"PyUnicode_DecodeFSDefault", &api.text},
        {"PyCFunction_NewEx", &api.function_new},
        {"PyRun_StringFlags", &api.run},
        {"PyObject_CallObject", &api.call},
        {"PyLong_FromLong", &api.from_long},
        {"Py_DecRef", &api.dec_ref},
        {"PyErr_Print", &api.err_print},
    };

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, list[i].name);
        if (!symbol)
            return false;
        memcpy(list[i].to, &symbol, sizeof symbol);
    }
    return true;
}

struct allocator { /* PyMemAllocatorEx */
    void *ctx;
    void *(*malloc)(void *, size_t);
    void *(*calloc)(void *, size_t, size_t);
    void *(*realloc)(void *, void *, size_t);
    void (*free)(void *, void *);
};
enum { RAW = 0, WORD = sizeof(size_t), FORBIDDEN = 0xfd };

/* A block as the interpreter's debug hooks lay it out: its size, a letter for the kind, guard bytes,
 * and those behind it. Without the hooks it is released to free(), with them after a check: either
 * way it ends at our free(), which knows boot memory and leaves it alone. */
static void *debug_block(void *unused, size_t bytes)
{
    (void)unused;
    unsigned char *block = mt_boot_alloc(bytes + 4 * WORD, 16);
    if (!block)
        return NULL;
    for (unsigned i = 0; i < WORD; i++)
        block[i] = (unsigned char)(bytes >> 8 * (WORD - 1 - i));
    memset(block + WORD, FORBIDDEN, WORD);
    block[WORD] = 'r';
    memset(block + 2 * WORD + bytes, FORBIDDEN, 2 * WORD);
    return block + 2 * WORD;
}

/* The interpreter is not set up: it allocates the hook's entry now, without the debug hooks that -X
 * dev and PYTHONMALLOC will bring, and releases it with them; up to 3.11 it takes that for damage. */
static void add_hook(void)
{
    void (*get_allocator)(int, struct allocator *), (*set_allocator)(int, struct allocator *);
    struct allocator raw, ours;
    void *get = dlsym(RTLD_DEFAULT, "PyMem_GetAllocator");
    void *set = dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
    if (!get || !set || mt_real_stranger()) {
        api.add_audit_hook(audit, NULL);
        return;
    }
    memcpy(&get_allocator, &get, sizeof get);
    memcpy(&set_allocator, &set, sizeof set);
    get_allocator(RAW, &raw);
    ours = raw;
    ours.malloc = debug_block;
    set_allocator(RAW, &ours);
    api.add_audit_hook(audit, NULL);
    set_allocator(RAW, &raw);
}

void mt_python_main_init(void)
{
    const char *value = mt_os_variable("MEMTRACE_PYTHON_MAIN", mark, sizeof mark);

    if (!value || mt_str_number(value) != (uint64_t)mt_os_pid() || strlen(value) >= sizeof mark)
        return;
    memmove(mark, value, strlen(value) + 1);
    if (find_api())
        add_hook();
}
