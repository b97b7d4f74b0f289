/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libsystem.h"

enum { THERE_NORESERVE = 0x40, THERE_JIT = 0x800, THERE_ANON = 0x1000, THERE_KNOWN = 0x1873 };

static void *mac_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    int here = flags & (MAP_SHARED | MAP_PRIVATE | MAP_FIXED); /* the same bits */
    if (flags & ~THERE_KNOWN) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    here |= flags & THERE_ANON ? MAP_ANONYMOUS : 0;
    here |= flags & THERE_NORESERVE ? MAP_NORESERVE : 0;
    if (flags & THERE_ANON)
        fd = -1; /* there it may have a tag */
    void *result = mmap(address, bytes, protection, here, fd, offset);
    if (result == MAP_FAILED)
        libsystem_failed();
    return result;
}

static int done(int result)
{
    return result < 0 ? libsystem_failed() : result;
}

static int mac_munmap(void *address, size_t bytes)
{
    return done(munmap(address, bytes));
}

static int mac_mprotect(void *address, size_t bytes, int protection)
{
    return done(mprotect(address, bytes, protection));
}

static int mac_msync(void *address, size_t bytes, int flags)
{
    int here =
        (flags & 1 ? MS_ASYNC : 0) | (flags & 2 ? MS_INVALIDATE : 0) | (flags & 0x10 ? MS_SYNC : 0);
    return done(msync(address, bytes, here));
}

/* MADV_FREE, MADV_FREE_REUSABLE; MADV_FREE_REUSE takes nothing away. Only these keep no content there; MADV_DONTNEED is advice alone. */
static int mac_madvise(void *address, size_t bytes, int advice)
{
    switch (advice) {
    case 0: /* to 3: MADV_NORMAL, _RANDOM, _SEQUENTIAL, _WILLNEED */
    case 1:
    case 2:
    case 3:
        return done(madvise(address, bytes, advice));
    case 5:
    case 7:
        return done(madvise(address, bytes, MADV_FREE));
    case 4:
    case 8:
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

/* VM_INHERIT_SHARE, _COPY, _NONE */
static int mac_minherit(void *address, size_t bytes, int inherit)
{
    return done(madvise(address, bytes, inherit == 2 ? MADV_DONTFORK : MADV_DOFORK));
}

static int mac_mincore(const void *address, size_t bytes, char *answer)
{
    return done(mincore((void *)(uintptr_t)address, bytes, (unsigned char *)answer));
}

/* Results of Mach's calls. */
enum { MACH_SUCCESS = 0, MACH_INVALID_ADDRESS = 1, MACH_NO_SPACE = 3, MACH_INVALID_ARGUMENT = 4 };
enum { VM_ANYWHERE = 1 };

static int mac_vm_allocate(uint32_t task, uint64_t *address, uint64_t bytes, int flags)
{
    (void)task;
    void *wanted = flags & VM_ANYWHERE ? NULL : (void *)*address;
    void *result =
        mmap(wanted, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | (flags & VM_ANYWHERE ? 0 : MAP_FIXED_NOREPLACE), -1, 0);
    if (result == MAP_FAILED)
        return MACH_NO_SPACE;
    *address = (uint64_t)result;
    return MACH_SUCCESS;
}

static int mac_vm_deallocate(uint32_t task, uint64_t address, uint64_t bytes)
{
    (void)task;
    if (!bytes)
        return MACH_SUCCESS;
    return munmap((void *)address, bytes) < 0 ? MACH_INVALID_ARGUMENT : MACH_SUCCESS;
}

static int mac_vm_protect(uint32_t task, uint64_t address, uint64_t bytes, int maximum,
                          int protection)
{
    (void)task;
    if (maximum)
        return MACH_SUCCESS;
    return mprotect((void *)address, bytes, protection) < 0 ? MACH_INVALID_ARGUMENT : MACH_SUCCESS;
}

static int mac_vm_read(uint32_t task, uint64_t address, uint64_t bytes, uint64_t to, uint64_t *got)
{
    struct iovec local = {(void *)to, bytes}, remote = {(void *)address, bytes};
    (void)task;
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)bytes)
        return MACH_INVALID_ADDRESS;
    *got = bytes;
    return MACH_SUCCESS;
}

static uint64_t page_size = 4096;

const struct adapter libsystem_memory[] = {
    {"_mmap", mac_mmap},
    {"_munmap", mac_munmap},
    {"_mprotect", mac_mprotect},
    {"_msync", mac_msync},
    {"_madvise", mac_madvise},
    {"_mach_vm_allocate", mac_vm_allocate},
    {"_mach_vm_deallocate", mac_vm_deallocate},
    {"_mach_vm_protect", mac_vm_protect},
    {"_vm_allocate", mac_vm_allocate},
    {"_vm_deallocate", mac_vm_deallocate},
    {"_vm_protect", mac_vm_protect},
    {"_minherit", mac_minherit},
    {"_mincore", mac_mincore},
    {"_vm_read_overwrite", mac_vm_read},
    {"_mach_vm_read_overwrite", mac_vm_read},
    {"_vm_page_size", &page_size},
    {"_vm_kernel_page_size", &page_size},
    {NULL, NULL},
};
