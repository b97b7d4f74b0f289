/* SPDX-License-Identifier: MIT
 *
 * macOS's allocator does not call itself by its public names, and what it calls in its own library is not replaced. What comes to a hook
 * inside another one of the same thread is a signal handler's; unless the outer one may call anything, or the call is from this library.
 */
#include "hooks/nested.h"

#include "loader/object.h"
#include "loader/real.h"

struct mt_nested_range mt_nested_self, mt_nested_operators, mt_nested_exceptions;

static void find(uintptr_t address, struct mt_nested_range *range)
{
    uintptr_t begin, end;
    if (mt_object_range(address, &begin, &end))
        *range = (struct mt_nested_range){begin, end - begin};
}

void mt_nested_find(uintptr_t pc)
{
    (void)pc;
    find((uintptr_t)mt_nested_find, &mt_nested_self);
}

bool mt_nested_is_own(uint32_t depth, uintptr_t pc, bool release)
{
    (void)release;
    return depth == MT_INSIDE || !pc || mt_nested_in(&mt_nested_self, pc) ||
           mt_real_is_allocator(pc);
}
