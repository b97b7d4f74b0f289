/* SPDX-License-Identifier: MIT */
#include "resolve/keeps.h"

#include <string.h>

#include "base/text.h"

/* The last component of the module's path. */
static struct log_text file_of(struct log_text module)
{
    const char *slash = memrchr(module.text, '/', module.bytes);
    uint32_t before = slash ? (uint32_t)(slash + 1 - module.text) : 0;
    return (struct log_text){module.text + before, module.bytes - before};
}

/* ld-linux-x86-64.so.2, ld-2.31.so, ld-musl-x86_64.so.1 */
static bool is_loader(struct log_text file)
{
    return file.bytes > 3 && !memcmp(file.text, "ld", 2) &&
           (file.text[2] == '-' || file.text[2] == '.');
}

static bool is_libc(struct log_text file)
{
    return file.bytes > 5 && (!memcmp(file.text, "libc.", 5) || !memcmp(file.text, "libc-", 5));
}

/* Functions of libc that never hand memory to their callers. A stripped libc has its exported names only, so each kind is listed
 * by those that are on its stacks: stdio's buffers, time zones, locales, character sets, name services, exit handlers; stacks of
 * threads, which libc keeps for later threads. */
static bool libc_keeps(const char *name)
{
    static const char *const whole[] = {"_IO_file_doallocate",
                                        "_IO_wfile_doallocate",
                                        "_IO_doallocbuf",
                                        "_IO_wdoallocbuf",
                                        "tzset",
                                        "__tzset",
                                        "localtime",
                                        "localtime_r",
                                        "__localtime_r",
                                        "mktime",
                                        "timelocal",
                                        "strftime",
                                        "strftime_l",
                                        "__strftime_l",
                                        "setlocale",
                                        "bindtextdomain",
                                        "textdomain",
                                        "atexit",
                                        "on_exit",
                                        "__cxa_atexit",
                                        "__cxa_at_quick_exit",
                                        "dlerror",
                                        "backtrace",
                                        "__libc_dlopen_mode",
                                        "syslog",
                                        "pthread_create",
                                        "__pthread_create_2_1",
                                        "allocate_stack",
                                        "vsyslog",
                                        "openlog"};
    static const char *const beginnings[] = {"__gconv", "__tz",         "tzset", "__nss_",
                                             "_nl_",    "__dcigettext", "_dl_"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (!strcmp(name, whole[i]))
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (text_starts(name, beginnings[i]))
            return true;
    return false;
}

/* Rust's standard library, by its source: the buffer of standard output, the present thread's handle, destructors of its
 * thread-local variables. */
static bool rust_keeps(const char *file)
{
    static const char *const parts[] = {"/std/src/io/stdio.rs", "/std/src/thread/current.rs",
                                        "/std/src/thread/local.rs", "thread_local",
                                        "/std/src/sys_common/thread_info.rs"};
    if (!strstr(file, "/library/std/src/"))
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(file, parts[i]))
            return true;
    return false;
}

bool keeps_for_runtime(const struct frames *frames, const struct function *function)
{
    const char *file = frames_file(frames, function), *name = frames_name(frames, function);
    struct log_text module = frames_module(frames, function);
    struct log_text base = module.bytes ? file_of(module) : module;
    if (!strcmp(function->language, "Python"))
        return file && (text_starts(file, "<frozen importlib") || strstr(file, "/importlib/"));
    if (is_loader(base))
        return true;
    if (name && is_libc(base))
        return libc_keeps(name);
    return file && rust_keeps(file);
}
