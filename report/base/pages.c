/* SPDX-License-Identifier: MIT */
#include "base/pages.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

/* Where memory comes page by page, a large part of the time that a large log takes goes into that: 512 pages at once take little more
 * than one. All of the block's pages, as the system moves a growing mapping as long as it is all of one kind, else malloc copies. */
#define LARGE ((size_t)4 << 20)
void pages_advise(void *block, size_t bytes)
{
    uintptr_t page = 4096, from = (uintptr_t)block & ~(page - 1);
    if (bytes >= LARGE) {
        uintptr_t end = ((uintptr_t)block + malloc_usable_size(block)) & ~(page - 1);
        madvise((void *)from, end - from, MADV_HUGEPAGE);
    }
}
