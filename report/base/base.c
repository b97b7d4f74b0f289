/* SPDX-License-Identifier: MIT */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pages.h"
#include "base/text.h"

static _Noreturn void base_no_memory(size_t count, size_t bytes)
{
    base_say("out of memory (%zu times %zu bytes)", count, bytes);
    exit(STATUS_BAD);
}

void *base_alloc(size_t count, size_t bytes)
{
    void *block = calloc(count ? count : 1, bytes ? bytes : 1);
    if (!block)
        base_no_memory(count, bytes);
    pages_advise(block, count * bytes);
    return block;
}

void *base_room(void *block, size_t *cap, size_t need, size_t bytes)
{
    if (need <= *cap)
        return block;
    size_t more = *cap ? *cap : 16;
    while (more < need) {
        if (more > SIZE_MAX / 2)
            base_no_memory(need, bytes);
        more *= 2;
    }
    if (more > SIZE_MAX / bytes)
        base_no_memory(more, bytes);
    block = realloc(block, more * bytes);
    if (!block)
        base_no_memory(more, bytes);
    *cap = more;
    pages_advise(block, more * bytes);
    return block;
}

char *base_copy(const char *text, size_t length)
{
    char *copy = base_alloc(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

uint64_t base_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void base_say(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0)
        return;
    if ((size_t)length >= sizeof text)
        length = sizeof text - 1;
    fputs("memtrace: ", stderr);
    text_put(stderr, text, (size_t)length, SIZE_MAX);
    fputc('\n', stderr);
}
