/* SPDX-License-Identifier: MIT
 *
 * macOS: dyld replaces the functions in all images but ours, so the originals are what we call by their names. None has to be looked
 * for; struct mt_real is not used. A program's own allocator is a malloc zone, behind the same functions.
 */
#include "loader/real.h"

#include <mach-o/dyld.h>
#include <stdlib.h>
#include <string.h>

#include "loader/object.h"

/* Set by the constructor: until then the hooks only pass on. */
bool mt_real_ready;

bool mt_real_init(void)
{
    return false;
}

const char *mt_real_stranger(void)
{
    return NULL;
}

bool mt_real_sanitizer(void)
{
    static const char *const names[] = {"libclang_rt.asan_", "libclang_rt.tsan_",
                                        "libclang_rt.lsan_"};
    for (uint32_t i = 0; i < _dyld_image_count(); i++)
        for (unsigned j = 0; j < sizeof names / sizeof *names; j++) {
            const char *path = _dyld_get_image_name(i);
            if (path && strstr(path, names[j]))
                return true;
        }
    return false;
}

/* dlsym could give the one that dyld puts in its place. */
void *mt_real_exit(void)
{
    return (void *)exit;
}

/* What libsystem_malloc maps, at its start or in a thread of its own, is no mapping of the program's. */
bool mt_real_is_allocator(uintptr_t pc)
{
    static uintptr_t begin, end; /* whoever finds them, finds the same */
    if (!__atomic_load_n(&end, __ATOMIC_ACQUIRE)) {
        uintptr_t from, to;
        if (!mt_object_range((uintptr_t)malloc, &from, &to))
            return false;
        begin = from;
        __atomic_store_n(&end, to, __ATOMIC_RELEASE);
    }
    return pc - begin < end - begin;
}

void mt_real_forget_error(void)
{
}
