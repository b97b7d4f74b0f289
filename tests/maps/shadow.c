/* SPDX-License-Identifier: MIT
 *
 * For run_runtimes.py: address space as a sanitizer's run-time library uses it. A shadow of terabytes, of which a few pieces are
 * made usable where the program has memory; an allocator in a reservation of its own, region by region, with guard pages; what is
 * freed is given back and later taken away.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB         ((size_t)1 << 20)
#define SHADOW      (MIB << 20) /* 1 TiB: an eighth of 8 TiB */
#define SPACE       (MIB << 13) /* 8 GiB for the allocator */
#define REGION      (8 * MIB)
#define RESERVE     (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define USABLE      (PROT_READ | PROT_WRITE)
#define CHECK(what) ((what) ? (void)0 : (perror(#what), exit(1)))

int main(void)
{
    char *shadow = mmap(NULL, SHADOW, PROT_NONE, RESERVE, -1, 0);
    char *space = mmap(NULL, SPACE, PROT_NONE, RESERVE, -1, 0);
    CHECK(shadow != MAP_FAILED && space != MAP_FAILED);
    for (size_t i = 0; i < 40; i++) {
        char *region = space + 2 * i * REGION, *low = shadow + 2 * i * REGION / 8;
        CHECK(mprotect(region, REGION, USABLE) == 0);
        CHECK(mmap(low, REGION / 8, USABLE, RESERVE | MAP_FIXED, -1, 0) == low);
        CHECK(mprotect(region, 4096, PROT_NONE) == 0); /* guards in front and behind */
        CHECK(mprotect(region + REGION - 4096, 4096, PROT_NONE) == 0);
        memset(region + 4096, 1, 64 << 10);
        memset(low, 0xfa, REGION / 8);
    }
    for (size_t i = 0; i < 40; i += 4) {
        char *region = space + 2 * i * REGION;
        CHECK(madvise(region + 4096, REGION - 8192, MADV_DONTNEED) == 0);
        CHECK(mprotect(region, REGION, PROT_NONE) == 0);
        region += 2 * REGION;
        CHECK(mmap(region, REGION, PROT_NONE, RESERVE | MAP_FIXED, -1, 0) == region);
        region += 2 * REGION;
        CHECK(munmap(region + 4096 * 3, REGION / 2) == 0);
    }
    return 0;
}
