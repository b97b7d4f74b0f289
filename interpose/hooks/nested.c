/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>

#include "base/guard.h"
#include "hooks/nested.h"
#include "loader/object.h"
#include "loader/real.h"

/* Where an object's code lies; empty: not known. */
struct range {
    uintptr_t start, end;
};

static struct range libc, loader, self, operators;
/* Of the runtime, too. But when an operator calls it, it makes the exception, which is an
 * allocation of its own. */
static struct range exceptions;
static bool libc_known, operators_known;

static bool in(const struct range *range, uintptr_t pc)
{
    return pc - range->start < range->end - range->start;
}

/* Where the object of a function lies. */
static bool object_of(const void *function, struct range *range)
{
    struct mt_object found;
    if (!function || !mt_object_at((uintptr_t)function, &found))
        return false;
    *range = (struct range){found.begin, found.end};
    return true;
}

static struct range function_of(const void *function)
{
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!function || !dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
        return (struct range){0, 0};
    return (struct range){(uintptr_t)info.dli_saddr, (uintptr_t)info.dli_saddr + symbol->st_size};
}

/* The operators of a C++ runtime, all of one object together with the new handler, are known to
 * call the public malloc themselves. Somebody else's may do so through other objects. */
static bool find_operators(uintptr_t pc)
{
    static const char handler[] = "_ZSt15get_new_handlerv";
    struct range runtime, other;
    const void *with = pc ? mt_real_from_caller(handler, (void *)pc) : dlsym(RTLD_NEXT, handler);
    if (!object_of(with, &runtime))
        return false;
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
            return false;
    static const char allocate[] = "__cxa_allocate_exception";
    const void *function =
        pc ? mt_real_from_caller(allocate, (void *)pc) : dlsym(RTLD_NEXT, allocate);
    exceptions = function_of(function);
    operators = runtime;
    return true;
}

void mt_nested_find(uintptr_t pc)
{
    if (!libc_known)
        libc_known = object_of((void *)pthread_key_create, &libc) &&
                     mt_object_loader(&loader.start, &loader.end) &&
                     object_of((void *)mt_nested_find, &self);
    operators_known = false;
    operators_known = find_operators(pc);
}

bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release)
{
    /* Nearly all: an operator's malloc or free. What follows would say the same. */
    if (operators_known && in(&operators, pc) &&
        (depth == MT_IN_DELETE || (depth == MT_IN_NEW && !release && !in(&exceptions, pc))))
        return true;
    /* From ourselves: the real function went on to another one by a jump, as operator delete does
     * to free. libc's allocator never calls itself by its public names. */
    if (depth == MT_INSIDE || !pc || !libc_known || in(&self, pc) || mt_real_is_allocator(pc))
        return true;
    if (depth == MT_IN_TABLES) /* we call nobody else */
        return in(&libc, pc) || in(&loader, pc);
    if (depth < MT_IN_NEW || !operators_known)
        return depth >= MT_IN_NEW;
    if (depth == MT_IN_NEW && (release || in(&exceptions, pc)))
        return false; /* the nothrow ones release the exception that they caught */
    return in(&operators, pc);
}
