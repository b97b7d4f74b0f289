/* SPDX-License-Identifier: MIT
 *
 * macOS: libpthread knows where each thread's stack lies, of the main thread, too, and tells without a lock. All of it is mapped from the
 * thread's start on.
 */
#include "unwind/bounds.h"

#include <errno.h>
#include <pthread.h>

#include "os/os.h"

void mt_bounds_begin_process(void)
{
}

bool mt_bounds_extend(struct mt_bounds *bounds, uintptr_t sp)
{
    if (!bounds->top) {
        pthread_t self = pthread_self();
        bounds->top = (uintptr_t)pthread_get_stackaddr_np(self);
        bounds->floor = bounds->low = bounds->top - pthread_get_stacksize_np(self);
    }
    return sp >= bounds->low && sp < bounds->top;
}

static bool read(uintptr_t address, void *to, size_t bytes)
{
    int keep = errno;
    bool yes = mt_os_read_memory(address, to, bytes);

    errno = keep;
    return yes;
}

bool mt_bounds_there(uintptr_t address)
{
    uint8_t byte;

    return read(address, &byte, sizeof byte);
}

bool mt_bounds_peek(struct mt_bounds *bounds, uintptr_t address, uintptr_t *word)
{
    uintptr_t page = address & ~(uintptr_t)4095; /* a part of the system's page, of whatever size */

    if (address & 7)
        return false;
    if (page != bounds->checked) {
        if (page == 0 || !read(address, word, sizeof *word))
            return false;
        bounds->checked = page;
        return true;
    }
    *word = mt_bounds_word(address);
    return true;
}

bool mt_bounds_copy(uintptr_t address, uint8_t *to, unsigned bytes)
{
    return read(address, to, bytes);
}
