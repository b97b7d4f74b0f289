/* SPDX-License-Identifier: MIT
 *
 * Can this program be traced by preloading? Found out before it is started, so that a person is
 * told why not.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum program_answer {
    PROGRAM_FINE,
    PROGRAM_MISSING,        /* no such file */
    PROGRAM_NOT_EXECUTABLE, /* there, but cannot be executed */
    PROGRAM_UNTRACEABLE     /* static, privileged, of another architecture */
};

/* Where execvp would find `name`; to be freed, NULL with errno if nowhere. */
char *program_find(const char *name);
/* Whether it is a regular file that this process may execute; if not, errno is set. */
bool program_is_executable(const char *path);
/* Look at the file, and at the interpreter of a script. `why` gets a reason unless the answer is
 * PROGRAM_FINE: without a full stop, fit to stand after the name. */
enum program_answer program_check(const char *path, char *why, size_t why_bytes);

#endif
