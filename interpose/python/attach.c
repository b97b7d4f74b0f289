/* SPDX-License-Identifier: MIT
 *
 * Attaching to the interpreter.
 */
#include "python/attach.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "base/config.h"
#include "format.h"
#include "loader/object.h"
#include "loader/real.h"
#include "loader/symbol.h"
#include "log/log.h"
#include "os/os.h"
#include "python/code.h"
#include "python/interpreter.h"
#include "python/leave.h"
#include "python/stack.h"

#define LOOP "_PyEval_EvalFrameDefault"

const struct mt_python_clients *mt_python_clients;

/* Which log this is: after a fork it is another one. */
static struct {
    int32_t pid;
    uint64_t start;
} log_of;
static bool refused;

static bool log_is_new(void)
{
    const struct mt_header *h = mt_log.header;

    if (log_of.pid == h->pid && log_of.start == h->start_mono)
        return false;
    log_of.pid = h->pid;
    log_of.start = h->start_mono;
    return true;
}

/* libpython3.so has nothing in it but the name of the real one. */
static bool is_library(const char *name)
{
    return strncmp(name, "libpython3", 10) == 0 && strncmp(name, "libpython3.so", 13) != 0;
}

static int find_local(struct dl_phdr_info *info, size_t bytes, void *name)
{
    const char *base = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

    (void)bytes;
    if (!base || !is_library(base + 1))
        return 0;
    *(const char **)name = info->dlpi_name;
    return 1;
}

/* Where to look symbols up: everywhere, or in a libpython that was loaded for somebody alone. That
 * one is kept from being unloaded, since we read its data. If there is none either, NULL, which is
 * RTLD_DEFAULT. */
static void *scope(void)
{
    const char *name = NULL;

    if (dlsym(RTLD_DEFAULT, "Py_GetVersion"))
        return RTLD_DEFAULT;
    mt_real.dl_iterate_phdr(find_local, &name);
    return name ? dlopen(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) : NULL;
}

static void *symbol_of(const char *name, size_t *bytes)
{
    return mt_library_symbol(&mt_python.symbols, name, bytes);
}

static bool refuse(const char *what, const char *why)
{
    refused = true;
    mt_log_note(1, "%s %s: no Python frames", what, why);
    return false;
}

static unsigned number(const char **text)
{
    unsigned n = 0;

    while (**text >= '0' && **text <= '9')
        n = n * 10 + (unsigned)(*(*text)++ - '0');
    return n;
}

/* "3.8.18 (default, ...", "3.10.0rc2": as a hexadecimal version. */
static uint32_t version_of(const char *text)
{
    uint32_t major = number(&text), minor = *text == '.' ? (text++, number(&text)) : 0;
    uint32_t patch = *text == '.' ? (text++, number(&text)) : 0, level = 0xf;

    if (*text == 'a' || *text == 'b')
        level = 0xa;
    else if (*text == 'r')
        level = 0xc;
    return major << 24 | (minor & 255) << 16 | (patch & 255) << 8 | level << 4;
}

static uint32_t read_version(char name[32])
{
    const char *(*get)(void) = NULL;
    const uint32_t *version = symbol_of("Py_Version", NULL);
    const char *text;
    size_t n = 0;

    *(void **)&get = symbol_of("Py_GetVersion", NULL);
    text = get();
    memcpy(name, "CPython ", 8);
    while (text[n] && text[n] != ' ' && n < 20)
        n++;
    memcpy(name + 8, text, n);
    name[8 + n] = '\0';
    return version ? *version : version_of(text);
}

/* The part of the loop that the compiler put elsewhere. Needed up to 3.9 only, where nothing but
 * symbols tells a loop. */
static void find_cold_loop(void *symbol)
{
    uintptr_t begin, end;
    struct mt_object object;

    if (!mt_object_at((uintptr_t)symbol, &object))
        return;
    if (!mt_symbol_in_file(object.path && *object.path ? object.path : mt_os_program(),
                           LOOP ".cold", &begin, &end))
        return;
    mt_python.loop_begin[1] = object.base + begin;
    mt_python.loop_end[1] = object.base + end;
}

/* The interpreter loop's code, as far as the dynamic symbol goes. */
static void find_loop(void)
{
    size_t bytes;
    void *symbol = symbol_of(LOOP, &bytes);

    if (!symbol || !bytes)
        return;
    mt_python.loop_begin[0] = (uintptr_t)symbol;
    mt_python.loop_end[0] = (uintptr_t)symbol + bytes;
    if (mt_python.layout.style == MT_PYTHON_OBJECTS)
        find_cold_loop(symbol);
}

/* Whether it is what we take it for. */
static bool self_check(const struct mt_python_layout *layout, uintptr_t code_type)
{
    const char *name = (const char *)mt_load(code_type, layout->type_name);

    return mt_load(code_type, layout->type_basicsize) == layout->code_basicsize && name &&
           strcmp(name, "code") == 0;
}

static bool attach(void)
{
    struct mt_python_layout *layout = &mt_python.layout;
    uintptr_t code_type = (uintptr_t)symbol_of("PyCode_Type", NULL);
    uintptr_t frame_type = (uintptr_t)symbol_of("PyFrame_Type", NULL);
    char name[32];
    const char *why;
    bool differs;
    uint32_t version = read_version(name), minor = version >> 16 & 255;

    mt_python.runtime = symbol_of("_PyRuntime", NULL);
    if (!mt_python_layout_find(layout, version, mt_python.runtime, &differs, &why))
        return refuse(name, why);
    *(void **)&mt_python.own = symbol_of("PyGILState_GetThisThreadState", NULL);
    if (minor >= 12)
        *(void **)&mt_python.current = symbol_of(
            minor == 12 ? "_PyThreadState_GetCurrent" : "PyThreadState_GetUnchecked", NULL);
    if (!mt_python.runtime || !code_type || !mt_python.own || (minor >= 12 && !mt_python.current))
        return refuse(name, "lacks a symbol");
    if (!self_check(layout, code_type))
        return refuse(name, "has an unknown layout");
    if (differs)
        mt_log_note(0, "%s states other offsets than the known ones: its own are used", name);
    find_loop();
    /* Of one of its functions, not of its data: where there is a gap between the segments of a program (aarch64's are aligned to
     * 64 KiB), glibc tells them apart. */
    mt_object_range((uintptr_t)mt_python.own, &mt_python.text_begin, &mt_python.text_end);
    mt_python_code_watch(code_type);
    if (layout->style < MT_PYTHON_ENTRIES && frame_type)
        mt_python_leave_watch(frame_type);
    mt_python_clients->attached(minor);
    if (mt_config.python_objects && mt_python.symbols.handle && mt_python_runs())
        mt_log_note(1, "%s was already running when it was met: its objects are not seen", name);
    else if (mt_config.python_objects && !mt_python_clients->objects())
        mt_log_note(1, "%s lacks a symbol: its objects are not seen", name);
    if (!mt_config.python_objects && layout->free_threaded)
        mt_log_note(0, "%s without the GIL: only its objects would show what it allocates", name);
    __atomic_store_n(&mt_python_finalizing,
                     (const uintptr_t *)(mt_python.runtime + layout->runtime_finalizing),
                     __ATOMIC_RELEASE);
    return true;
}

static bool none; /* looked for, and not there */

static bool find_and_attach(void)
{
    mt_python.symbols.scope = scope();
    if (dlsym(mt_python.symbols.scope, "Py_GetVersion"))
        return attach();
    if (dlsym(RTLD_DEFAULT, "PyPy_GetVersion") || dlsym(RTLD_DEFAULT, "pypy_main_startup"))
        refuse("PyPy", "is not known");
    return false;
}

static void set_attached(bool attached)
{
    if (!attached)
        return;
    __atomic_store_n(&mt_python_attached, true, __ATOMIC_RELEASE);
    __atomic_store_n(&mt_interpreter, &mt_python_stack, __ATOMIC_RELEASE);
}

bool mt_python_init(void)
{
    if (log_is_new()) {
        mt_python.epoch++;
        mt_python_code_forget_all();
        mt_python_clients->forget();
        refused = false;
    }
    /* Where there was none, a fork child has none: what is loaded later is met. To look asks the loader, whose lock another thread
     * may have had at the fork. */
    if (mt_python_attached || refused || none)
        return mt_python_attached;
    set_attached(find_and_attach());
    none = !mt_python_attached && !refused;
    mt_real_forget_error();
    return mt_python_attached;
}

/* ---- A library that comes later ---- */

/* The one that was met: the next allocation attaches to it. */
static struct {
    const void *map; /* NULL: none */
    uintptr_t begin, end;
} late;

void mt_python_met(const char *path, const void *map, uintptr_t begin, uintptr_t end)
{
    const char *base = strrchr(path, '/');

    if (!mt_config.python || mt_python_attached || refused || !is_library(base ? base + 1 : path))
        return;
    late.begin = begin;
    late.end = end;
    __atomic_store_n(&late.map, map, __ATOMIC_RELEASE);
    __atomic_store_n(&mt_python_unsettled, true, __ATOMIC_RELAXED);
}

void mt_python_attach_late(void)
{
    const void *map;

    if (!__atomic_load_n(&late.map, __ATOMIC_RELAXED))
        return;
    map = __atomic_exchange_n(&late.map, NULL, __ATOMIC_ACQUIRE);
    if (!map || mt_python_attached || refused)
        return;
    if (!mt_library_take(&mt_python.symbols, map, late.begin, late.end))
        refuse("a libpython", "was loaded late, without the expected table of symbols");
    else
        set_attached(attach());
}

void mt_python_settle(void)
{
    if (mt_python_clients)
        mt_python_clients->settle();
}
