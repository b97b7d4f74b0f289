/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"

#define ROOM 65536u /* a line is at most a path and 100 bytes */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *number(const char *p, uintptr_t *value)
{
    *value = 0;
    for (int digit; (digit = hex_digit(*p)) >= 0; p++)
        *value = *value << 4 | (uintptr_t)digit;
    return p;
}

/* The path in a line of proc_pid_maps(5), if the mapping holds the address: a newline in it is \012, and one that has no name any
 * more ends in " (deleted)". */
static size_t path_of(const char *line, uintptr_t address, char *to, size_t bytes)
{
    static const char gone[] = " (deleted)";
    uintptr_t start, end;
    const char *p = number(line, &start), *path = strchr(line, '/');
    if (*p != '-')
        return 0;
    number(p + 1, &end);
    if (address < start || address >= end || !path)
        return 0;
    size_t used = 0;
    for (; *path && used + 1 < bytes; path++) {
        bool newline = !strncmp(path, "\\012", 4);
        to[used++] = newline ? '\n' : *path;
        path += newline ? 3 : 0;
    }
    if (used > sizeof gone - 1 && !memcmp(to + used - (sizeof gone - 1), gone, sizeof gone - 1))
        used -= sizeof gone - 1;
    to[used] = 0;
    return used;
}

size_t mt_os_mapped_file(uintptr_t address, char *to, size_t bytes)
{
    int fd = mt_os_open("/proc/self/maps", false);
    char *room = fd >= 0 ? mt_os_map(ROOM) : NULL;
    size_t have = 0, found = 0;
    for (ssize_t got = 1; room && got > 0 && !found;) {
        got = mt_os_read(fd, room + have, ROOM - 1 - have);
        have += got > 0 ? (size_t)got : 0;
        room[have] = 0;
        char *line = room, *end;
        for (; !found && (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            found = path_of(line, address, to, bytes);
        }
        have -= (size_t)(line - room);
        memmove(room, line, have);
    }
    if (room)
        mt_os_unmap(room, ROOM);
    if (fd >= 0)
        mt_os_close(fd);
    return found;
}
