/* SPDX-License-Identifier: MIT
 *
 * dlclose: code addresses change their meaning. dlopen is not wrapped, since the loader takes the
 * caller's address to decide where to search; new objects are met when their code is. What libc has
 * loaded by itself it also unloads by itself, without dlclose: see mt_releasing.
 *
 * dl_iterate_phdr: AddressSanitizer asks it at its start whether its library comes first, and ends
 * the program if not. It gets the answer that it would get without us.
 */
#include <link.h>

#include "base/aside.h"
#include "hooks/hooks.h"
#include "python/interpreter.h"

static void flush(void)
{
    if (mt_self.depth || !mt_ready || *mt_ready != 1)
        return;
    int keep = errno;
    mt_guard();
    mt_unload_flush();
    mt_self.depth = 0;
    errno = keep;
}

static void pin_aside(void *library)
{
    mt_library_pin(library);
}

static void pin(void)
{
    int keep = errno;
    mt_guard();
    mt_aside(pin_aside, &mt_python.symbols);
    mt_self.depth = 0;
    errno = keep;
}

MT_EXPORT int dlclose(void *handle)
{
    if (!mt_real_known())
        return -1;
    if (!mt_self.depth)
        pin();
    flush();
    int error = mt_real.dlclose(handle);
    flush();
    return error;
}

struct visit {
    int (*visitor)(struct dl_phdr_info *, size_t, void *);
    void *context;
    ElfW(Addr) self;
};

static int visit_others(struct dl_phdr_info *object, size_t bytes, void *context)
{
    const struct visit *v = context;
    return object->dlpi_addr == v->self ? 0 : v->visitor(object, bytes, v->context);
}

/* This library's own ELF header. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

MT_EXPORT int dl_iterate_phdr(int (*visitor)(struct dl_phdr_info *, size_t, void *), void *context)
{
    if (!mt_real_known())
        return 0;
    if (!mt_real_is_sanitizer((uintptr_t)__builtin_return_address(0)))
        return mt_real.dl_iterate_phdr(visitor, context);
    struct visit v = {visitor, context, (ElfW(Addr)) & __ehdr_start};
    return mt_real.dl_iterate_phdr(visit_others, &v);
}
