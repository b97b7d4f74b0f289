/* SPDX-License-Identifier: MIT
 *
 * dyld ends a program whose inserted library is not of its architecture. So the program's file must have the one that we are built for:
 * in a file of one architecture, or in one of several, of which the system then takes that.
 */
#include <libkern/OSByteOrder.h>
#include <mach-o/fat.h>
#include <mach-o/loader.h>
#include <string.h>

#include "loader/foreign_program.h"
#include "os/os.h"

/* This library's own header. */
extern const struct mach_header_64 __dso_handle;

#define LINE_BYTES 256u /* what the kernel reads of a script's first line */
#define DEEP       5u   /* interpreters of interpreters */
#define FAT_MOST   32u  /* architectures that are looked at */

static bool is_ours(cpu_type_t type)
{
    return type == __dso_handle.cputype;
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

/* The file of a script's interpreter, in place of the line; false: it is no script. */
static bool script_interpreter(char *line)
{
    if (line[0] != '#' || line[1] != '!')
        return false;
    size_t begin = 2 + strspn(line + 2, " \t");
    size_t length = strcspn(line + begin, " \t\n");
    memmove(line, line + begin, length);
    line[length] = 0;
    return length > 0;
}

/* Whether the file is foreign; of a script the interpreter is left in `line`, which is empty else. */
static bool judge(int fd, char line[LINE_BYTES])
{
    union {
        struct mach_header_64 thin;
        struct fat_header fat;
    } h;
    bool is_macho = mt_os_read_at(fd, &h, sizeof h, 0);
    if (is_macho && h.thin.magic == MH_MAGIC_64) {
        line[0] = 0;
        return !is_ours(h.thin.cputype);
    }
    if (is_macho && h.fat.magic == OSSwapHostToBigInt32(FAT_MAGIC)) {
        line[0] = 0;
        return foreign_fat(fd, OSSwapBigToHostInt32(h.fat.nfat_arch));
    }
    ssize_t bytes = mt_os_read_some(fd, line, LINE_BYTES - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    if (!script_interpreter(line))
        line[0] = 0;
    return false;
}

static bool judge_all(int fd, bool ours)
{
    char line[LINE_BYTES];
    bool foreign = false;
    for (unsigned deep = 0; deep < DEEP && fd >= 0; deep++) {
        foreign = judge(fd, line);
        if (ours)
            mt_os_close(fd);
        fd = line[0] ? mt_os_open_program(-1, line) : -1;
        ours = true;
    }
    if (ours && fd >= 0)
        mt_os_close(fd);
    return foreign;
}

bool mt_program_foreign(int folder, const char *path)
{
    return judge_all(mt_os_open_program(folder, path), true);
}

bool mt_program_foreign_file(int fd)
{
    return judge_all(fd, false);
}
