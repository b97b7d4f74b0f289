/* SPDX-License-Identifier: MIT */
#include "base/libc.h"

#include <stddef.h>

#include "format.h"

/* ---- glibc's alone. Declared here, so that this file can be compiled against either ---- */

const char *gnu_get_libc_version(void) __attribute__((weak));
int dladdr1(const void *address, Dl_info *info, void **extra, int flags) __attribute__((weak));
void *dlvsym(void *scope, const char *symbol, const char *version) __attribute__((weak));
int on_exit(void (*handler)(int, void *), void *argument) __attribute__((weak));
/* What pthread_atfork calls, which itself is linked into each library. */
int __register_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void),
                      void *library) __attribute__((weak));
extern void *__dso_handle __attribute__((visibility("hidden")));
#define SYMBOL_ENTRY 1 /* RTLD_DL_SYMENT */

/* The loader's own; this library is not linked to the loader. */
#pragma weak _r_debug

/* ---- musl's alone ---- */

extern struct r_debug *_dl_debug_addr __attribute__((weak));

bool mt_libc_is_glibc(void)
{
    return gnu_get_libc_version != NULL;
}

unsigned mt_libc_minor(void)
{
    const char *version = mt_libc_is_glibc() ? gnu_get_libc_version() : "";
    unsigned found = 0;

    if (version[0] != '2' || version[1] != '.')
        return version[0] > '2' ? ~0u : 0;
    for (version += 2; *version >= '0' && *version <= '9'; version++)
        found = found * 10 + (unsigned)(*version - '0');
    return found;
}

const struct r_debug *mt_libc_loaded(void)
{
    const struct r_debug *list = &_r_debug ? &_r_debug : &_dl_debug_addr ? _dl_debug_addr : NULL;
    return list && list->r_map ? list : NULL;
}

bool mt_libc_describe(const void *address, Dl_info *info, const ElfW(Sym) * *symbol)
{
    *symbol = NULL;
    if (dladdr1)
        return dladdr1(address, info, (void **)symbol, SYMBOL_ENTRY) != 0;
    return dladdr((void *)(uintptr_t)address, info) != 0;
}

void *mt_libc_versioned(void *scope, const char *symbol, const char *version)
{
    return dlvsym ? dlvsym(scope, symbol, version) : NULL;
}

/* musl calls destructors in the reverse order of constructors, and ours runs before all others but libc's own. */
static void (*last)(int, void *);

__attribute__((destructor)) static void destroy(void)
{
    if (last)
        last(MT_NO_STATUS, NULL);
}

void mt_libc_at_exit(void (*handler)(int, void *))
{
    if (on_exit)
        on_exit(handler, NULL);
    else
        last = handler;
}

void mt_libc_at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void))
{
    int (*call)(void (*)(void), void (*)(void), void (*)(void));

    if (__register_atfork) {
        __register_atfork(before, in_parent, in_child, &__dso_handle);
        return;
    }
    *(void **)&call = dlsym(RTLD_DEFAULT, "pthread_atfork");
    if (call)
        call(before, in_parent, in_child);
}
