/* SPDX-License-Identifier: MIT */
#include "loader/program.h"

#include <string.h>

size_t mt_program_started_as(char *to, size_t bytes)
{
    size_t length = strlen(mt_program_argv0()) + 1;
    if (length > bytes)
        return 0;
    memcpy(to, mt_program_argv0(), length);
    return length;
}
