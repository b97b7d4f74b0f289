/* SPDX-License-Identifier: MIT
 *
 * macOS: verbs/program.h.
 */
#include "verbs/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs/macos/protected.h"

#define SCRIPTS_DEEP 4u /* interpreters of interpreters */

#if defined(__aarch64__)
#define PROCESSOR MACOS_ARM64
#else
#define PROCESSOR MACOS_X86_64
#endif

static enum program_answer check_file(const char *path, unsigned deep, char *why, size_t bytes);

/* The script's interpreter decides. */
static enum program_answer check_script(const char *text, size_t length, unsigned deep, char *why,
                                        size_t bytes)
{
    char line[1024], inner[1024];
    snprintf(line, sizeof line, "%.*s", length < sizeof line ? (int)length : (int)sizeof line - 1,
             text);
    char *name = line + 2 + strspn(line + 2, " \t");
    name[strcspn(name, " \t\r\n")] = 0;
    enum program_answer answer =
        deep < SCRIPTS_DEEP ? check_file(name, deep + 1, inner, sizeof inner) : PROGRAM_FINE;
    if (answer != PROGRAM_FINE)
        snprintf(why, bytes, "is a script for %s, which %s", name, inner);
    return answer;
}

static enum program_answer check_text(const char *path, const unsigned char *file, size_t length,
                                      unsigned deep, char *why, size_t bytes)
{
    enum protected_answer answer = protected_check(path, file, length, PROCESSOR, why, bytes);
    if (answer == PROTECTED_NO_PROGRAM && length > 2 && !memcmp(file, "#!", 2))
        return check_script((const char *)file, length, deep, why, bytes);
    return answer == PROTECTED_SO || answer == PROTECTED_OTHER ? PROGRAM_UNTRACEABLE : PROGRAM_FINE;
}

static enum program_answer check_file(const char *path, unsigned deep, char *why, size_t bytes)
{
    char whole[PATH_MAX];
    struct stat info;
    if (!realpath(path, whole) || stat(whole, &info)) {
        snprintf(why, bytes, "%s", strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? PROGRAM_MISSING : PROGRAM_NOT_EXECUTABLE;
    }
    if (!S_ISREG(info.st_mode) || access(whole, X_OK)) {
        snprintf(why, bytes, "is not executable");
        return PROGRAM_NOT_EXECUTABLE;
    }
    if ((info.st_mode & S_ISUID && info.st_uid != geteuid()) ||
        (info.st_mode & S_ISGID && info.st_gid != getegid())) {
        snprintf(why, bytes, "is set%cid: the system inserts no library into such a program",
                 info.st_mode & S_ISUID ? 'u' : 'g');
        return PROGRAM_UNTRACEABLE;
    }
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    void *file = fd < 0 || !info.st_size
                     ? MAP_FAILED
                     : mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0)
        close(fd);
    if (file == MAP_FAILED) /* it can be executed and not read: the system tells */
        return PROGRAM_FINE;
    enum program_answer answer = check_text(whole, file, (size_t)info.st_size, deep, why, bytes);
    munmap(file, (size_t)info.st_size);
    return answer;
}

enum program_answer program_check(const char *path, char *why, size_t why_bytes)
{
    *why = 0;
    return check_file(path, 0, why, why_bytes);
}
