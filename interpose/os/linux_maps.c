/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/call.h"
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

/* A file that has no name any more has this behind its path. */
static size_t without_gone(char *path, size_t length)
{
    static const char gone[] = " (deleted)";
    if (length > sizeof gone - 1 &&
        !memcmp(path + length - (sizeof gone - 1), gone, sizeof gone - 1))
        length -= sizeof gone - 1;
    path[length] = 0;
    return length;
}

/* The path in a line of proc_pid_maps(5), if the mapping holds the address: a newline in it is \012. */
static size_t path_of(const char *line, uintptr_t address, char *to, size_t bytes)
{
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
    return without_gone(to, used);
}

size_t mt_os_program_file(char *to, size_t bytes)
{
    long n = mt_os_call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", to, bytes);
    return n > 0 && (size_t)n < bytes && *to == '/' ? without_gone(to, (size_t)n) : 0;
}

/* Call `visit` for each line of /proc/thread-self/maps, until it returns true. False: there is no such file, or nothing in it. */
static bool each_line(char *room, size_t bytes, bool (*visit)(const char *line, void *context),
                      void *context)
{
    int fd = mt_os_open("/proc/thread-self/maps", false);
    size_t have = 0;
    bool found = false, any = false;
    if (fd < 0)
        return false;
    for (ssize_t got = 1; got > 0 && !found;) {
        got = mt_os_read(fd, room + have, bytes - 1 - have);
        have += got > 0 ? (size_t)got : 0;
        any = any || got > 0;
        room[have] = 0;
        char *line = room, *end;
        for (; !found && (end = strchr(line, '\n')); line = end + 1) {
            *end = 0;
            found = visit(line, context);
        }
        have -= (size_t)(line - room);
        memmove(room, line, have);
    }
    mt_os_close(fd);
    return any;
}

struct wanted {
    uintptr_t address;
    char *to;
    size_t bytes, found;
};

static bool is_wanted(const char *line, void *context)
{
    struct wanted *w = context;
    w->found = path_of(line, w->address, w->to, w->bytes);
    return w->found;
}

size_t mt_os_mapped_file(uintptr_t address, char *to, size_t bytes)
{
    struct wanted wanted = {address, to, bytes, 0};
    char *room = mt_os_map(ROOM);
    if (!room)
        return 0;
    each_line(room, ROOM, is_wanted, &wanted);
    mt_os_unmap(room, ROOM);
    return wanted.found;
}

struct visitor {
    void (*visit)(uintptr_t start, uintptr_t end, void *context);
    void *context;
};

static bool visit_mapping(const char *line, void *context)
{
    const struct visitor *v = context;
    uintptr_t start, end;
    const char *p = number(line, &start);
    if (*p == '-' && !strstr(line, "[v")) { /* vdso, vvar, vsyscall: the kernel's own */
        number(p + 1, &end);
        v->visit(start, end, v->context);
    }
    return false;
}

bool mt_os_each_mapping(char *room, size_t bytes,
                        void (*visit)(uintptr_t start, uintptr_t end, void *context), void *context)
{
    struct visitor visitor = {visit, context};
    return each_line(room, bytes, visit_mapping, &visitor);
}
