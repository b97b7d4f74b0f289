/* SPDX-License-Identifier: MIT
 *
 * macOS: dyld keeps the path that exec was given, and the kernel resolves none of its links.
 */
#include "loader/program.h"

#include <crt_externs.h>
#include <string.h>

#include "os/os.h"

const char *mt_program_argv0(void)
{
    char **arguments = *_NSGetArgv();
    return arguments && arguments[0] ? arguments[0] : "";
}

size_t mt_program_absolute(char *path, size_t room, uintptr_t address)
{
    char folder[1024];
    size_t length = strlen(path);
    (void)address;
    ssize_t before = *path == '/' ? 0 : mt_os_cwd(folder, sizeof folder - 1);
    if (before <= 0 || (size_t)before + 1 + length >= room)
        return length;
    folder[before++] = '/';
    memmove(path + before, path, length + 1);
    memcpy(path, folder, (size_t)before);
    return (size_t)before + length;
}

size_t mt_program_path(char *to, size_t bytes)
{
    return mt_os_program_file(to, bytes) ? mt_program_absolute(to, bytes, 0) : 0;
}
