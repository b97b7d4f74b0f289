/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/libc.h"
#include "base/newer.h"
#include "loader/object.h"
#include "loader/real.h"

struct mt_real mt_real;
struct mt_own mt_own;
bool mt_real_ready;

/* dlsym of glibc 2.36 allocates nothing on success, but other versions, other libcs and failing
 * look-ups may. Each block is preceded by its size. */
_Alignas(64) char mt_boot_memory[MT_BOOT_BYTES];
static size_t boot_used;

/* volatile: glibc's headers promise that dlsym does not come back into this file; with our malloc
 * it does. */
static __thread volatile bool resolving __attribute__((tls_model("initial-exec")));

void *mt_boot_alloc(size_t bytes, size_t align)
{
    if (align < 16)
        align = 16;
    if (bytes > MT_BOOT_BYTES || align > 4096)
        return NULL;
    size_t need = bytes + align + 16;
    size_t at = __atomic_fetch_add(&boot_used, need, __ATOMIC_RELAXED);
    if (at + need > MT_BOOT_BYTES)
        return NULL;
    uintptr_t block = ((uintptr_t)mt_boot_memory + at + 16 + align - 1) & ~(uintptr_t)(align - 1);
    ((size_t *)block)[-1] = bytes;
    return (void *)block;
}

size_t mt_boot_size(const void *block)
{
    return ((const size_t *)block)[-1];
}

struct range {
    uintptr_t start, end;
};

/* Where the object lies that `at` is in; empty: nowhere. The loader's lock may be taken. */
static struct range object_of(uintptr_t at)
{
    struct range r = {0, 0};
    mt_object_range(at, &r.start, &r.end);
    return r;
}

/* Objects that are allocators. Entries are only added. The end is written last: other than 0, it
 * says that the entry is there. */
static struct range allocators[8];
static uint32_t allocators_used;

static void add(struct range r)
{
    uint32_t i = __atomic_fetch_add(&allocators_used, 1, __ATOMIC_RELAXED);
    if (i >= sizeof allocators / sizeof allocators[0])
        return;
    allocators[i].start = r.start;
    __atomic_store_n(&allocators[i].end, r.end, __ATOMIC_RELEASE);
}

/* libc's own mappings are never seen, since it makes them without a wrapped function. So libc is
 * not noted. Neither is an allocator whose function ends in a jump to another's: that one is noted
 * by the hook that called it. */
static void note_allocator(const void *function)
{
    if (!function || mt_real_is_allocator((uintptr_t)function))
        return;
    struct range r = object_of((uintptr_t)function);
    if (!r.end || r.start == object_of((uintptr_t)getauxval).start)
        return;
    if (!allocators_used)
        add(object_of((uintptr_t)mt_boot_memory));
    add(r);
}

bool mt_real_is_allocator(uintptr_t pc)
{
    for (unsigned i = 0; i < sizeof allocators / sizeof allocators[0]; i++) {
        uintptr_t end = __atomic_load_n(&allocators[i].end, __ATOMIC_ACQUIRE);
        if (!end)
            break;
        if (pc >= allocators[i].start && pc < end)
            return true;
    }
    return false;
}

/* Each sanitizer's library, or a program that has it linked in, exports one of these. */
extern char __asan_init[] __attribute__((weak)), __hwasan_init[] __attribute__((weak));
extern char __msan_init[] __attribute__((weak)), __tsan_init[] __attribute__((weak));

static uintptr_t sanitizer(void)
{
    char *const found[] = {__asan_init, __hwasan_init, __msan_init, __tsan_init};
    for (unsigned i = 0; i < sizeof found / sizeof found[0]; i++)
        if (found[i])
            return (uintptr_t)found[i];
    return 0;
}

bool mt_real_sanitizer(void)
{
    return sanitizer() != 0;
}

bool mt_real_is_sanitizer(uintptr_t pc)
{
    uintptr_t at = sanitizer();
    if (!at)
        return false;
    struct range r = object_of(at);
    return pc >= r.start && pc < r.end;
}

static void *stranger; /* the malloc before ours */

const char *mt_real_stranger(void)
{
    Dl_info info;
    if (!stranger)
        return NULL;
    return dladdr(stranger, &info) && info.dli_fname ? info.dli_fname : "another library";
}

static bool is_ours(const void *address)
{
    return object_of((uintptr_t)address).start == object_of((uintptr_t)mt_boot_memory).start;
}

/* dlsym, except where somebody's own dlsym stands before the loader's: there RTLD_NEXT means what
 * comes after that one, and finds us. */
static void *find_next(const char *symbol)
{
    static const char *const versions[] = {"GLIBC_2.2.5",  "GLIBC_2.17",   "GLIBC_2.16",
                                           "GLIBC_2.26",   "GLIBC_2.34",   "GLIBCXX_3.4",
                                           "CXXABI_1.3.9", "CXXABI_1.3.11"};
    void *found = dlsym(RTLD_NEXT, symbol);
    for (unsigned i = 0; found && is_ours(found) && i < sizeof versions / sizeof versions[0]; i++) {
        void *other = mt_libc_versioned(RTLD_NEXT, symbol, versions[i]);
        found = other ? other : found;
    }
    return found && is_ours(found) ? NULL : found;
}

/* See _dlerror_run in glibc's dlfcn/dlerror.c: a call that succeeds frees the text of the last
 * error, and then there is none. */
void mt_real_forget_error(void)
{
    if (mt_libc_is_glibc())
        (void)!dlsym(RTLD_DEFAULT, "malloc");
    else
        (void)!dlerror(); /* musl's takes no lock, and nothing else clears it */
}

/* All entry points of one allocator at once: its library is in the search order. */
static void find_own(const char *first, const char *prefix)
{
    void *found = find_next(first);
    if (!found)
        return;
    note_allocator(found);
    size_t n = strlen(prefix);
#define MT_HOOK_LATE(symbol, result, parameters)                                                   \
    if (!strncmp(#symbol, prefix, n) && (n || (#symbol)[2] != '_'))                                \
        mt_own.symbol##_sought = (*(void **)&mt_own.symbol = find_next(#symbol)) != NULL;
#include "hooks.def"
}

/* An executable at a fixed address that takes malloc's address has an entry of its own for it, and
 * the search finds that first. It leads to the function that everybody else finds. */
static bool is_defined(const void *found)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    return !mt_libc_describe(found, &info, &symbol) || !symbol || symbol->st_shndx != SHN_UNDEF;
}

static bool is_operator(const char *symbol)
{
    return symbol[0] == '_' && symbol[1] == 'Z';
}

bool mt_real_init(void)
{
    if (__atomic_load_n(&mt_real_ready, __ATOMIC_ACQUIRE))
        return true;
    if (resolving)
        return false;
    resolving = true;
    /* Two threads may do this at once: both find the same. */
    mt_newer_init();
    void *first = dlsym(RTLD_DEFAULT, "malloc");
    if (object_of((uintptr_t)first).start != object_of((uintptr_t)mt_boot_memory).start &&
        is_defined(first))
        stranger = first;
#define FIND(symbol)                        *(void **)&mt_real.symbol = find_next(#symbol);
#define MT_HOOK(symbol, result, parameters) FIND(symbol)
#define MT_HOOK_MAYBE(symbol, result, parameters)
#include "hooks.def"
    /* A search in vain allocates. A stranger's malloc may have called our mmap with its own lock
     * held. */
    if (!stranger) {
        /* A search in vain takes longest. Where there is no C++ there are none of its operators; whoever has one nevertheless
         * finds it when it is called, as one that came later (mt_real_from_caller). */
        bool operators = find_next("_Znwm") || find_next("_ZdlPv");
#define MT_HOOK_MAYBE(symbol, result, parameters)                                                  \
    if (operators || !is_operator(#symbol))                                                        \
    FIND(symbol)
#include "hooks.def"
        note_allocator((void *)(uintptr_t)mt_real.malloc);
        find_own("mallocx", "");
        find_own("mi_malloc", "mi_");
        find_own("tc_malloc", "tc_");
        mt_real_forget_error();
    }
    __atomic_store_n(&mt_real_ready, true, __ATOMIC_RELEASE);
    resolving = false;
    return true;
}

/* Any C++ operator that was found. */
static const void *known_operator(void)
{
#define MT_HOOK_MAYBE(symbol, result, parameters)                                                  \
    if (is_operator(#symbol) && mt_real.symbol)                                                    \
        return (const void *)(uintptr_t)mt_real.symbol;
#include "hooks.def"
    return NULL;
}

void *mt_real_from_caller(const char *symbol, const void *caller)
{
    Dl_info info;
    /* A real operator that passes the call on to another one by a jump: then we seem to be the
     * caller. */
    if (is_ours(caller))
        caller = known_operator();
    if (!caller || !dladdr(caller, &info) || !info.dli_fname)
        return NULL;
    void *handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle) {
        mt_real_forget_error();
        return NULL;
    }
    void *found = dlsym(handle, symbol);
    if (!found)
        mt_real_forget_error();
    if (mt_real.dlclose)
        mt_real.dlclose(handle);
    return found && is_ours(found) ? NULL : found;
}

void mt_real_find_own(void **real, bool *sought, const char *symbol, const void *caller)
{
    Dl_info info;
    void *found = find_next(symbol);
    /* If we seem to be the caller, one of the known allocators' functions passes the call on by a
     * jump. */
    for (unsigned i = 0; !found && is_ours(caller) && i < sizeof allocators / sizeof allocators[0];
         i++)
        if (allocators[i].end && !is_ours((void *)allocators[i].start))
            found = mt_real_from_caller(symbol, (void *)allocators[i].start);
    if (!found && !is_ours(caller))
        found = mt_real_from_caller(symbol, caller);
    note_allocator(found);
    /* It came by dlopen. We would call it after its dlclose, so it stays. */
    if (found && dladdr(found, &info) && info.dli_fname)
        dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (found)
        __atomic_store_n(real, found, __ATOMIC_RELAXED);
    if (!found)
        mt_real_forget_error();
    __atomic_store_n(sought, true, __ATOMIC_RELEASE);
}

void *mt_real_exit(void)
{
    return dlsym(RTLD_NEXT, "exit");
}
