/* SPDX-License-Identifier: MIT */
#include "read/reader.h"

#include <string.h>

#include "../interpose/format.h"
#include "base/file.h"

bool log_begins(int fd)
{
    char front[sizeof MT_MAGIC - 1];
    return file_read(fd, front, sizeof front) == sizeof front &&
           !memcmp(front, MT_MAGIC, sizeof front);
}
