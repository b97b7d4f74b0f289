/* SPDX-License-Identifier: MIT
 *
 * What Linux tells of this process: see proc(5). /proc/thread-self is asked where /proc/self would have nothing to say once the
 * process's first thread has ended.
 */
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "os/str.h"

ssize_t mt_os_arguments(char *to, size_t bytes)
{
    return mt_os_read_file("/proc/thread-self/cmdline", to, bytes);
}

const char *mt_os_variable(const char *name, char *room, size_t bytes)
{
    size_t length = strlen(name);
    if (environ) {
        for (char **e = environ; *e; e++)
            if (!strncmp(*e, name, length) && (*e)[length] == '=')
                return *e + length + 1;
        return NULL;
    }
    ssize_t got = mt_os_read_file("/proc/thread-self/environ", room, bytes - 1);
    if (got <= 0)
        return NULL;
    room[got] = 0;
    for (const char *e = room; e < room + got; e += strlen(e) + 1)
        if (!strncmp(e, name, length) && e[length] == '=')
            return e + length + 1;
    return NULL;
}

const char *mt_os_program(void)
{
    return "/proc/thread-self/exe";
}

/* A number in this process's stat, 0: not known. The command in field 2 may hold anything, its ')' is the last. */
static uint64_t stat_field(unsigned wanted)
{
    char text[512]; /* far more than 22 numbers take */
    ssize_t n = mt_os_read_file("/proc/self/stat", text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *p = strrchr(text, ')');
    for (unsigned field = 2; p && field < wanted; field++)
        p = strchr(p + 1, ' ');
    return p ? mt_str_number(p + 1) : 0;
}

uint64_t mt_os_start_ticks(void)
{
    return stat_field(22);
}

/* Field 22 counts in ticks since the system was booted, of which there are 100 in a second in whatever kernel. */
uint64_t mt_os_began(void)
{
    uint64_t ticks = mt_os_start_ticks(), ago = mt_os_boot() - ticks * 10000000u,
             now = mt_os_real();
    return ticks && ago < now ? now - ago : 0;
}

ssize_t mt_os_parent_variables(char *to, size_t bytes)
{
    char path[32];
    struct mt_str s = MT_STR(path);
    mt_str_add_z(&s, "/proc/");
    mt_str_add_number(&s, (uint64_t)mt_os_parent());
    mt_str_add_z(&s, "/environ");
    return mt_os_read_file(path, to, bytes);
}

uintptr_t mt_os_stack_start(void)
{
    return stat_field(28);
}

bool mt_os_alone(void)
{
    return stat_field(20) == 1;
}

void mt_os_host(char *name, size_t bytes)
{
    ssize_t n = mt_os_read_file("/proc/sys/kernel/hostname", name, bytes - 1);
    if (n > 0 && name[n - 1] == '\n')
        n--;
    name[n > 0 ? n : 0] = 0;
}

uint64_t mt_os_resident(void)
{
    /* statm is "size resident shared ...", in pages. */
    char text[128];
    ssize_t n = mt_os_read_file("/proc/thread-self/statm", text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *p = strchr(text, ' ');
    return p ? mt_str_number(p + 1) * mt_os_page() : 0;
}
