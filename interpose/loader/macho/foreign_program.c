/* SPDX-License-Identifier: MIT
 *
 * dyld ends a program whose inserted library is not of its architecture. So the program's file must have the one that we are built for:
 * in a file of one architecture, or in one of several, of which the system then takes that.
 */
#include <libkern/OSByteOrder.h>
#include <mach-o/fat.h>
#include <mach-o/loader.h>

#include "loader/foreign_program.h"
#include "loader/object.h"
#include "os/os.h"

#define FAT_MOST 32u /* architectures that are looked at */

/* By this library's header as dyld knows it: zig's linker does not put __dso_handle there. */
static bool is_ours(cpu_type_t type)
{
    struct mt_object own;
    return !mt_object_at((uintptr_t)is_ours, &own) ||
           type == ((const struct mach_header_64 *)own.handle)->cputype;
}

/* A file of several architectures, whose header is big-endian. */
static bool foreign_fat(int fd, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < FAT_MOST; i++) {
        struct fat_arch arch;
        if (!mt_os_read_at(fd, &arch, sizeof arch, sizeof(struct fat_header) + i * sizeof arch))
            return false;
        if (is_ours((cpu_type_t)OSSwapBigToHostInt32((uint32_t)arch.cputype)))
            return false;
    }
    return true;
}

bool mt_program_judge(int fd, char room[MT_PROGRAM_LINE], bool *foreign)
{
    union {
        struct mach_header_64 thin;
        struct fat_header fat;
    } h;
    (void)room;
    if (!mt_os_read_at(fd, &h, sizeof h, 0))
        return false;
    if (h.thin.magic == MH_MAGIC_64)
        *foreign = !is_ours(h.thin.cputype);
    else if (h.fat.magic == OSSwapHostToBigInt32(FAT_MAGIC))
        *foreign = foreign_fat(fd, OSSwapBigToHostInt32(h.fat.nfat_arch));
    else
        return false;
    return true;
}
