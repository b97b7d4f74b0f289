/* SPDX-License-Identifier: MIT */
#include "base/libc.h"
#include "hooks/python/begin.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "os/os.h"

typedef int audit_hook(const char *event, void *arguments, void *unused);

/* The interpreter's, of all versions from 3.8 on. */
static struct {
    int (*add_hook)(audit_hook *hook, void *unused);
    void *(*new_dict)(void);
    int (*set_item)(void *dict, const char *key, void *value);
    void *(*builtins)(void); /* borrowed */
    void *(*text)(const char *bytes);
    void *(*compile)(const char *text, const char *path, int start, void *flags, int optimize);
    void *(*evaluate)(void *code, void *globals, void *locals);
    void (*say_unraisable)(void *where);
    void (*drop)(void *object);
} api;

static bool find_api(void)
{
    const struct {
        const char *name;
        void *to;
    } list[] = {
        {"PySys_AddAuditHook", &api.add_hook},
        {"PyDict_New", &api.new_dict},
        {"PyDict_SetItemString", &api.set_item},
        {"PyEval_GetBuiltins", &api.builtins},
        {"PyUnicode_DecodeFSDefault", &api.text},
        {"Py_CompileStringExFlags", &api.compile},
        {"PyEval_EvalCode", &api.evaluate},
        {"PyErr_WriteUnraisable", &api.say_unraisable},
        {"Py_DecRef", &api.drop},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        void *symbol = dlsym(RTLD_DEFAULT, list[i].name);
        if (!symbol)
            return false;
        memcpy(list[i].to, &symbol, sizeof symbol);
    }
    return true;
}

static char told[8192];

static bool set(void *globals, const char *key, const char *text)
{
    void *value = api.text(text);
    bool good = value && api.set_item(globals, key, value) == 0;
    if (value)
        api.drop(value);
    return good;
}

/* Execute the text of the file `path`. With the GIL held; nothing of the program's is on the stack. Python's own compile() would leave
 * it 200 KB larger. */
static bool execute(const char *path, const char *text)
{
    enum { FILE_INPUT = 257 }; /* Py_file_input */
    void *globals = api.new_dict(), *code = NULL, *result = NULL;
    if (globals && api.set_item(globals, "__builtins__", api.builtins()) == 0 &&
        set(globals, "__name__", "memtrace._begin") && set(globals, "__file__", path) &&
        set(globals, "told", told))
        code = api.compile(text, path, FILE_INPUT, NULL, -1);
    if (code)
        result = api.evaluate(code, globals, globals);
    bool good = result != NULL;
    if (result)
        api.drop(result);
    if (code)
        api.drop(code);
    if (globals)
        api.drop(globals);
    return good;
}

static void run(void)
{
    const size_t room = 65536;
    const char *path = strchr(told, '/');
    char *text = mt_os_map(room);
    ssize_t bytes = text ? mt_os_read_file(path, text, room - 1) : -1;
    if (bytes > 0 && !execute(path, text)) /* zeros follow the text */
        api.say_unraisable(NULL);
    if (text)
        mt_os_unmap(text, room);
}

/* ---- The audit hook ---- */

/* Head of the interpreter's list of hooks, in which there is none but ours; NULL: not known. */
static void **head;

static int on_event(const char *event, void *arguments, void *unused)
{
    static bool done;
    (void)arguments;
    (void)unused;
    if (done || strncmp(event, "cpython.run_", strlen("cpython.run_")) != 0)
        return 0;
    done = true;
    run();
    /* The interpreter reads no more of our entry than its `next`, and may do that: it stays allocated. */
    void *const *entry = head ? *head : NULL;
    if (entry && !entry[0] && entry[1] == (void *)(uintptr_t)on_event)
        *head = NULL;
    return 0;
}

/* The interpreter's variable _PyRuntime. Its size in words; 0: not known. */
static size_t find_runtime(void ***runtime)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    *runtime = (void **)dlsym(RTLD_DEFAULT, "_PyRuntime");
    if (!*runtime || !mt_libc_describe(*runtime, &info, &symbol) || !symbol)
        return 0;
    return symbol->st_size / sizeof(void *);
}

/* Add the hook, and find the one word of _PyRuntime that became an entry {next, hook, unused}. This is the only thread. */
static void add_hook(void)
{
    void **runtime;
    size_t words = find_runtime(&runtime), bytes = words * sizeof(void *);
    void **before = bytes ? mt_os_map(bytes) : NULL;
    if (before)
        memcpy(before, runtime, bytes);
    if (api.add_hook(on_event, NULL) != 0 || !before)
        words = 0;
    for (size_t i = 0; i < words && !head; i++) {
        void *const *entry = runtime[i];
        if ((uintptr_t)entry >= mt_os_page() && !before[i] &&
            (uintptr_t)entry % sizeof(void *) == 0 && entry[1] == (void *)(uintptr_t)on_event)
            head = &runtime[i];
    }
    if (before)
        mt_os_unmap(before, bytes);
}

void mt_python_begin(void)
{
    int keep = errno;
    const char *value = mt_os_variable("MEMTRACE_PYTHON_BEGIN", told, sizeof told);
    size_t length = value ? strlen(value) : 0;
    if (length && length < sizeof told && strchr(value, '/')) {
        memmove(told, value, length + 1);
        if (find_api())
            add_hook();
    }
    errno = keep;
}
