/* SPDX-License-Identifier: MIT */
#include "loader/foreign_program.h"

#include <string.h>

#include "os/os.h"

#define DEEP 5u /* interpreters of interpreters that the kernel follows */

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

/* Whether the file is a foreign program; of a script the interpreter is left in `line`, which else is empty. */
static bool judge(int fd, char line[MT_PROGRAM_LINE])
{
    bool foreign = false;
    if (mt_program_judge(fd, line, &foreign)) {
        line[0] = 0;
        return foreign;
    }
    ssize_t bytes = mt_os_read_some(fd, line, MT_PROGRAM_LINE - 1);
    line[bytes > 0 ? bytes : 0] = 0;
    if (!script_interpreter(line))
        line[0] = 0;
    return false;
}

static bool judge_all(int fd, bool ours)
{
    char line[MT_PROGRAM_LINE];
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
