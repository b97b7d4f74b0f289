/* SPDX-License-Identifier: MIT */
#include "python/text.h"

#include <string.h>

#include "python/interpreter.h"

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c >= 0xdc80 && c <= 0xdcff) { /* surrogateescape: a byte of a file name that is not UTF-8 */
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xf0 | (c >> 18 & 7));
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

static uint32_t character(const unsigned char *data, unsigned kind, size_t i)
{
    if (kind == 1)
        return data[i];
    if (kind == 2)
        return ((const uint16_t *)data)[i];
    return ((const uint32_t *)data)[i];
}

struct text {
    const unsigned char *data;
    size_t length;
    unsigned kind; /* bytes of a character; 0: not a str that we can read */
    bool ascii;
};

static struct text text_of(uintptr_t text)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uint32_t state = text ? *(const uint32_t *)(text + l->text_state) : 0;
    bool compact = state >> 5 & 1;
    struct text t = {.kind = state >> 2 & 7, .ascii = state >> 6 & 1};

    if (!compact || (t.kind != 1 && t.kind != 2 && t.kind != 4)) {
        t.kind = 0;
        return t;
    }
    t.length = mt_load(text, l->text_length);
    t.data = (const unsigned char *)(text + (t.ascii ? l->text_ascii : l->text_other));
    return t;
}

size_t mt_python_text_most(uintptr_t text)
{
    struct text t = text_of(text);

    return t.kind && !t.ascii ? t.length * 4 : 0;
}

const char *mt_python_text(uintptr_t text, char *room, size_t cap, size_t *bytes)
{
    struct text t = text_of(text);

    *bytes = 0;
    if (!t.kind)
        return NULL;
    if (t.ascii) {
        *bytes = t.length;
        return (const char *)t.data;
    }
    for (size_t i = 0; i < t.length && *bytes + 4 <= cap; i++)
        *bytes += put_utf8(room + *bytes, character(t.data, t.kind, i));
    return room;
}
