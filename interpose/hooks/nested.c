/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/guard.h"
#include "base/libc.h"
#include "hooks/nested.h"
#include "loader/library.h"
#include "loader/object.h"
#include "loader/real.h"

struct mt_nested_range mt_nested_self, mt_nested_operators, mt_nested_exceptions;
bool mt_nested_by_malloc;
static struct mt_nested_range libc, loader;
/* Of a libc whose allocator calls itself by its public names: the functions that do. */
static struct mt_nested_range callers[8];
static bool libc_known;

/* Where the object of a function lies. */
static bool object_of(const void *function, struct mt_nested_range *range)
{
    struct mt_object found;
    if (!function || !mt_object_at((uintptr_t)function, &found))
        return false;
    *range = (struct mt_nested_range){found.begin, found.end - found.begin};
    return true;
}

static struct mt_nested_range function_of(void *function, const char *name)
{
    uintptr_t begin, end;
    if (!mt_library_code(function, name, &begin, &end))
        return (struct mt_nested_range){0, 0};
    return (struct mt_nested_range){begin, end - begin};
}

/* gcc's runtime or LLVM's, as a library of its own. What is linked into a program may have an allocator of the program's linked in, too. */
static bool is_standard(const struct mt_object *runtime)
{
    const char *name = runtime->path ? strrchr(runtime->path, '/') : NULL;
    return name && (!strncmp(name, "/libstdc++.so.", 14) || !strncmp(name, "/libc++.so.", 11) ||
                    !strncmp(name, "/libc++abi.so.", 14));
}

/* What anybody calls by this name is our hook: no object before us has one, the program neither. */
static bool all_are_ours(void)
{
    static const char *const names[] = {"malloc",
                                        "free",
                                        "_Znwm",
                                        "_Znam",
                                        "_ZnwmRKSt9nothrow_t",
                                        "_ZdlPv",
                                        "_ZdaPv",
                                        "_ZdlPvm",
                                        "_ZdlPvRKSt9nothrow_t"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!mt_nested_in(&mt_nested_self, (uintptr_t)dlsym(RTLD_DEFAULT, names[i])))
            return false;
    return true;
}

/* The operators of a C++ runtime, all of one object together with the new handler, are known to
 * call the public malloc themselves. Somebody else's may do so through other objects. */
static void find_operators(uintptr_t pc)
{
    static const char handler[] = "_ZSt15get_new_handlerv";
    struct mt_nested_range runtime, other;
    const void *with = pc ? mt_real_from_caller(handler, (void *)pc) : dlsym(RTLD_NEXT, handler);
    if (!object_of(with, &runtime))
        return;
    const void *const all[] = {
        (void *)mt_real._Znwm,
        (void *)mt_real._Znam,
        (void *)mt_real._ZnwmRKSt9nothrow_t,
        (void *)mt_real._ZnamRKSt9nothrow_t,
        (void *)mt_real._ZnwmSt11align_val_t,
        (void *)mt_real._ZnamSt11align_val_t,
        (void *)mt_real._ZnwmSt11align_val_tRKSt9nothrow_t,
        (void *)mt_real._ZnamSt11align_val_tRKSt9nothrow_t,
    };
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && (!object_of(all[i], &other) || other.start != runtime.start))
            return;
    static const char allocate[] = "__cxa_allocate_exception";
    void *function = pc ? mt_real_from_caller(allocate, (void *)pc) : dlsym(RTLD_NEXT, allocate);
    mt_nested_exceptions = function_of(function, allocate);
    struct mt_object object;
    __atomic_store_n(&mt_nested_by_malloc,
                     mt_object_at(runtime.start, &object) && is_standard(&object) && all_are_ours(),
                     __ATOMIC_RELAXED);
    mt_nested_operators.start = runtime.start;
    __atomic_store_n(&mt_nested_operators.bytes, runtime.bytes, __ATOMIC_RELEASE);
}

/* musl's calloc calls malloc, reallocarray realloc, and what aligns calls aligned_alloc; each may be a jump. */
static void find_callers(void)
{
    unsigned n = 0;
#define CALLER(name)                                                                               \
    if (mt_real.name)                                                                              \
        callers[n++] = function_of((void *)(uintptr_t)mt_real.name, #name);
    CALLER(calloc)
    CALLER(realloc)
    CALLER(reallocarray)
    CALLER(posix_memalign)
    CALLER(aligned_alloc)
    CALLER(memalign)
    CALLER(valloc)
#undef CALLER
}

static bool is_caller(uintptr_t pc)
{
    for (unsigned i = 0; i < sizeof callers / sizeof callers[0]; i++)
        if (mt_nested_in(&callers[i], pc - 1))
            return true;
    return false;
}

static bool find_libc(void)
{
    uintptr_t end;
    if (!object_of((void *)pthread_key_create, &libc) ||
        !object_of((void *)mt_nested_find, &mt_nested_self))
        return false;
    if (!mt_libc_is_glibc()) { /* musl is its own loader */
        find_callers();
        return true;
    }
    if (!mt_object_loader(&loader.start, &end))
        return false;
    loader.bytes = end - loader.start;
    return true;
}

void mt_nested_find(uintptr_t pc)
{
    libc_known = libc_known || find_libc();
    mt_nested_operators.bytes = 0;
    __atomic_store_n(&mt_nested_by_malloc, false, __ATOMIC_RELAXED);
    find_operators(pc);
}

bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release)
{
    if (mt_nested_plainly(depth, pc, release))
        return true;
    /* glibc's allocator never calls itself by its public names. */
    if (depth == MT_INSIDE || !pc || !libc_known || mt_real_is_allocator(pc) || is_caller(pc))
        return true;
    if (depth == MT_IN_TABLES) /* we call nobody else */
        return mt_nested_in(&libc, pc) || mt_nested_in(&loader, pc);
    /* The operators are not known; or the nothrow ones release the exception that they caught, which is no part of the event. */
    return depth >= MT_IN_NEW && !mt_nested_operators.bytes;
}
