/* SPDX-License-Identifier: MIT
 *
 * What the system and glibc's loader know of the program. In the order of trust: the file that exec started, or the mapping of the
 * program's own code if that was a loader; the path that exec was
 * given, if that was the program's and not a loader's; the name that it was started by.
 */
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/libc.h"
#include "loader/object_list.h"
#include "loader/program.h"
#include "os/os.h"

/* The loader's list begins with the main program; its dynamic section lies in it. */
static uintptr_t main_address(void)
{
    const struct r_debug *list = mt_libc_loaded();
    return list ? (uintptr_t)list->r_map->l_ld : 0;
}

const char *mt_program_argv0(void)
{
    return program_invocation_name ? program_invocation_name : "";
}

/* `path` behind the working folder. */
static size_t join(char *to, size_t bytes, const char *path)
{
    size_t length = strlen(path);
    ssize_t folder = *path == '/' ? 0 : mt_os_cwd(to, bytes);
    if (folder < 0 || (size_t)folder + 1 + length >= bytes)
        return 0;
    while (!strncmp(path, "./", 2)) {
        path += 2;
        length -= 2;
    }
    if (folder)
        to[folder++] = '/';
    memmove(to + folder, path, length + 1);
    return (size_t)folder + length;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The file that the system says it started, which is quick to ask for. Something that runs the program in its place (valgrind,
 * an emulator) has another name. So has the target of a link, and then the mappings tell. */
static size_t started_file(const char *given, char *to, size_t bytes)
{
    size_t length = given ? mt_os_program_file(to, bytes) : 0;
    return length && !strcmp(last_part(to), last_part(given)) ? length : 0;
}

size_t mt_program_path(char *to, size_t bytes)
{
    const char *given = (const char *)getauxval(AT_EXECFN);
    const struct r_debug *list = mt_libc_loaded();
    bool by_exec = list && mt_object_list_by_exec(list->r_map, false);
    size_t length = by_exec ? started_file(given, to, bytes) : 0;
    if (!length)
        length = mt_os_mapped_file(main_address(), to, bytes);
    if (length)
        return length;
    if (given && *given && by_exec)
        return join(to, bytes, given);
    return strchr(mt_program_argv0(), '/') ? join(to, bytes, mt_program_argv0()) : 0;
}

size_t mt_program_absolute(char *path, size_t room, uintptr_t address)
{
    char given[1024];
    size_t length = strlen(path), found;
    if (length >= sizeof given)
        return length;
    memcpy(given, path, length + 1);
    found = mt_os_mapped_file(address, path, room);
    if (!found)
        found = join(path, room, given);
    if (found)
        return found;
    memcpy(path, given, length + 1);
    return length;
}
