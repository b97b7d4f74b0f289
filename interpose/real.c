/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <string.h>

#include "real.h"

struct mt_real mt_real;
bool mt_real_ready;

/* dlsym of glibc 2.36 allocates nothing on success, but other versions, other libcs and failing
 * look-ups may. Each block is preceded by its size. */
#define BOOT_BYTES 65536
static _Alignas(64) char boot_pool[BOOT_BYTES];
static size_t boot_used;

/* volatile: glibc's headers promise that dlsym does not come back into this file; with our malloc it does. */
static __thread volatile bool resolving __attribute__((tls_model("initial-exec")));

void *mt_boot_alloc(size_t bytes, size_t align)
{
    if (align < 16)
        align = 16;
    if (bytes > BOOT_BYTES || align > 4096)
        return NULL;
    size_t need = bytes + align + 16;
    size_t at = __atomic_fetch_add(&boot_used, need, __ATOMIC_RELAXED);
    if (at + need > BOOT_BYTES)
        return NULL;
    uintptr_t block = ((uintptr_t)boot_pool + at + 16 + align - 1) & ~(uintptr_t)(align - 1);
    ((size_t *)block)[-1] = bytes;
    return (void *)block;
}

bool mt_boot_owns(const void *block)
{
    return (uintptr_t)block - (uintptr_t)boot_pool < BOOT_BYTES;
}

size_t mt_boot_size(const void *block)
{
    return ((const size_t *)block)[-1];
}

bool mt_real_init(void)
{
    if (__atomic_load_n(&mt_real_ready, __ATOMIC_ACQUIRE))
        return true;
    if (resolving)
        return false;
    resolving = true;
    /* Two threads may do this at once: both find the same. */
#define MT_HOOK(symbol, result, parameters) *(void **)&mt_real.symbol = dlsym(RTLD_NEXT, #symbol);
#include "hooks.def"
    __atomic_store_n(&mt_real_ready, true, __ATOMIC_RELEASE);
    resolving = false;
    return true;
}

static bool is_ours(const void *address)
{
    Dl_info own, info;
    return dladdr(&mt_real, &own) && dladdr(address, &info) && info.dli_fbase == own.dli_fbase;
}

/* An operator of C++ that was found. */
static const void *known_operator(void)
{
#define MT_HOOK(symbol, result, parameters)                                                        \
    if (#symbol[0] == '_' && #symbol[1] == 'Z' && mt_real.symbol)                                  \
        return (const void *)(uintptr_t)mt_real.symbol;
#include "hooks.def"
    return NULL;
}

void *mt_real_from_caller(const char *symbol, const void *caller)
{
    Dl_info info;
    /* A real operator that passes the call on to another one by a jump: then we seem to be the caller. */
    if (is_ours(caller))
        caller = known_operator();
    if (!caller || !dladdr(caller, &info) || !info.dli_fname)
        return NULL;
    void *handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle)
        return NULL;
    void *found = dlsym(handle, symbol);
    if (mt_real.dlclose)
        mt_real.dlclose(handle);
    return found && is_ours(found) ? NULL : found;
}
