/* SPDX-License-Identifier: MIT */
#include "read/cursor.h"

#include <string.h>

void cursor_open(struct cursor *cursor, const void *data, size_t bytes)
{
    *cursor = (struct cursor){.data = data, .bytes = bytes};
}

bool cursor_fail(struct cursor *cursor, const char *why)
{
    if (!cursor->failure) {
        cursor->failure = why;
        cursor->failed_at = cursor->at;
    }
    return false;
}

const void *cursor_bytes(struct cursor *cursor, size_t bytes, const char *what)
{
    if (cursor->failure)
        return NULL;
    if (bytes > cursor->bytes - cursor->at) {
        cursor_fail(cursor, what);
        return NULL;
    }
    const void *found = cursor->data + cursor->at;
    cursor->at += bytes;
    return found;
}

bool cursor_read(struct cursor *cursor, void *out, size_t bytes, const char *what)
{
    const void *found = cursor_bytes(cursor, bytes, what);
    if (found)
        memcpy(out, found, bytes);
    else
        memset(out, 0, bytes);
    return found != NULL;
}
