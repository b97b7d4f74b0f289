/* SPDX-License-Identifier: MIT
 *
 * macOS: memory. There is no stable system call but by libSystem. What this library itself calls of it is not interposed: dyld
 * leaves out the image that has the tuples. So these are the real functions, whatever we wrap.
 */
#include <errno.h>
#include <mach/mach.h>
#include <mach/vm_map.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"

#define PRIVATE (MAP_PRIVATE | MAP_ANON)

bool mt_os_locking; /* mlockall does nothing here: it stays false */

void mt_os_unlock(void *at, size_t bytes)
{
    munlock(at, bytes);
}

/* Where our own mappings are wanted: in a neighbourhood of their own, far below and above what the system maps for anybody else, each one just
 * below the one before it. The system would put them into any hole, also one that the program made in a range of its own, and is going to map
 * over as a whole: os/linux_place.c. Addresses are not used again; there are 88 TiB of them. */
static uintptr_t lowest = (uintptr_t)0x580000000000;

static void *next_place(size_t bytes)
{
    uintptr_t mask = mt_os_page() - 1;
    return (void *)__atomic_sub_fetch(&lowest, (bytes + mask) & ~mask, __ATOMIC_RELAXED);
}

/* Without MAP_FIXED an address is a wish. */
void *mt_os_place(void *wanted, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
    void *at = wanted ? wanted : next_place(bytes);
    void *got = mmap(at, bytes, prot, flags, fd, (off_t)offset);
    return got == MAP_FAILED ? NULL : got;
}

void mt_os_unplaced(void *unmapped, size_t bytes)
{
    (void)unmapped, (void)bytes;
}

void *mt_os_map(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_READ | PROT_WRITE, PRIVATE, -1, 0);
}

void *mt_os_map_shared(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
}

void *mt_os_map_stack(size_t bytes)
{
    size_t page = mt_os_page();
    char *at = mt_os_place(NULL, page + bytes, PROT_NONE, PRIVATE, -1, 0);
    if (at && mprotect(at + page, bytes, PROT_READ | PROT_WRITE) != 0) {
        mt_os_unmap(at, page + bytes);
        return NULL;
    }
    return at ? at + page : NULL;
}

void *mt_os_reserve(size_t bytes)
{
    return mt_os_place(NULL, bytes, PROT_NONE, PRIVATE, -1, 0);
}

void mt_os_unmap(void *at, size_t bytes)
{
    munmap(at, bytes);
}

int mt_os_map_file(void *at, size_t bytes, int fd, uint64_t offset)
{
    if (!mt_os_place(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, offset))
        return -errno;
    return minherit(at, bytes, VM_INHERIT_NONE) == 0 ? 0 : -errno;
}

void mt_os_leave_file(void *at, size_t bytes)
{
    munmap(at, bytes);
}

/* Without MAP_FIXED the address is a wish, which is granted where nothing is. */
static int copy_to(void *at, size_t bytes, int flags, int fd, uint64_t offset)
{
    void *got = mt_os_place(at, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (!got)
        return -errno;
    if (got == at)
        return 0;
    mt_os_unmap(got, bytes);
    return -EEXIST;
}

int mt_os_map_copy(void *at, size_t bytes, int fd, uint64_t offset)
{
    if (fd >= 0 && copy_to(at, bytes, MAP_PRIVATE, fd, offset) == 0)
        return 0;
    return copy_to(at, bytes, PRIVATE, -1, 0);
}

void mt_os_not_resident(void *at, size_t bytes)
{
    madvise(at, bytes, MADV_DONTNEED);
}

/* The system decides that by itself. */
void mt_os_huge(void *at, size_t bytes)
{
    (void)at, (void)bytes;
}

/* One range, the tracker's word that says whether it works for this process. */
static struct {
    void *at;
    size_t bytes;
} wiped;

/* The kernel can leave a page out of the child, but not zero it there: mt_os_forked does, before any hook of the child's is at work. */
bool mt_os_wipe_on_fork(void *at, size_t bytes)
{
    if (wiped.at)
        return false;
    wiped.at = at;
    wiped.bytes = bytes;
    return true;
}

void mt_os_forked(void)
{
    if (wiped.at)
        memset(wiped.at, 0, wiped.bytes);
}

/* MADV_DONTNEED keeps the pages' contents here. A new mapping in the same place has none. */
bool mt_os_zero(void *at, size_t bytes)
{
    return mt_os_place(at, bytes, PROT_READ | PROT_WRITE, PRIVATE | MAP_FIXED, -1, 0);
}

bool mt_os_in_memory(uintptr_t at, size_t bytes, unsigned char *answer)
{
    return mincore((void *)at, bytes, (char *)answer) == 0;
}

bool mt_os_read_memory(uintptr_t address, void *to, size_t bytes)
{
    vm_size_t got = 0;
    return vm_read_overwrite(mach_task_self(), address, bytes, (vm_address_t)to, &got) ==
               KERN_SUCCESS &&
           got == bytes;
}

size_t mt_os_read_spans(const struct mt_os_span *spans, uint32_t count, void *to)
{
    size_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!mt_os_read_memory(spans[i].at, (char *)to + done, spans[i].bytes))
            break;
        done += spans[i].bytes;
    }
    return done;
}

void mt_os_bind(void)
{
    static char room[2];
    volatile size_t bytes = 1;
    memcpy(room, room + 1, bytes);
    memmove(room + 1, room, bytes);
    memset(room, 0, bytes);
}

size_t mt_os_page(void)
{
    return vm_page_size;
}
