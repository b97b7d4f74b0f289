/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <string.h>

/* ---- no control characters, no broken UTF-8 ---- */

static unsigned expected(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

static const char *character_wrong(const unsigned char *c, unsigned length)
{
    unsigned long code = c[0];
    if (length > 1) {
        code &= 0xffu >> (length + 1);
        for (unsigned i = 1; i < length; i++) {
            if ((c[i] & 0xc0) != 0x80)
                return "broken UTF-8";
            code = code << 6 | (c[i] & 0x3f);
        }
    }
    if ((code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0))
        return "a control character";
    if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
        return "a character that reorders text";
    return NULL;
}

static void check_text(struct check *check, unsigned char c)
{
    if (!check->seen && ((c >= 0x20 && c < 0x7f) || c == '\n'))
        return;
    check->character[check->seen++] = c;
    unsigned length = expected(check->character[0]);
    if (!length)
        check->wrong = "broken UTF-8";
    else if (check->seen == length) {
        check->wrong = character_wrong(check->character, length);
        check->seen = 0;
    }
}

/* ---- JSON ---- */

enum {
    VALUE, /* one must come */
    FIRST, /* a value or a member, or the end */
    NAME,  /* a member's name must come */
    COLON,
    AFTER, /* a comma, or the end */
    STRING,
    ESCAPE,
    HEX,
    WORD, /* a number, true, false, null */
    DONE,
    IN_NAME = 64,  /* with STRING ...: it is a member's name */
    DIGITS = 0x100 /* with HEX: how many came */
};

static void json_wrong(struct check *check)
{
    check->wrong = "no JSON";
}

static void json_open_one(struct check *check, bool object)
{
    check->open = check->open << 1 | object;
    check->state = FIRST;
    if (++check->depth > 32)
        json_wrong(check);
}

static void json_close_one(struct check *check, bool object)
{
    if (!check->depth || (check->open & 1) != object)
        json_wrong(check);
    check->open >>= 1;
    check->depth--;
    check->state = check->depth ? AFTER : DONE;
}

static void json_value_begins(struct check *check, char c)
{
    if (c == '"')
        check->state = STRING;
    else if (c == '{' || c == '[')
        json_open_one(check, c == '{');
    else if (strchr("-0123456789tfn", c))
        check->state = WORD;
    else
        json_wrong(check);
}

static void json_in_string(struct check *check, char c)
{
    int name = check->state & IN_NAME, state = check->state & 63;
    if (state == STRING && c == '\\')
        check->state = ESCAPE | name;
    else if (state == STRING && c == '"')
        check->state = name ? COLON : check->depth ? AFTER : DONE;
    else if (state == STRING && c == '\n')
        json_wrong(check);
    else if (state == ESCAPE && c == 'u')
        check->state = HEX | name;
    else if (state == ESCAPE)
        strchr("\"\\/bfnrt", c) ? (void)(check->state = STRING | name) : json_wrong(check);
    else if (state == HEX) {
        if (!strchr("0123456789abcdefABCDEF", c))
            json_wrong(check);
        check->state += DIGITS;
        if (check->state / DIGITS == 4)
            check->state = STRING | name;
    }
}

static void check_json(struct check *check, char c)
{
    int state = check->state & 63;
    if (state == STRING || state == ESCAPE || state == HEX) {
        json_in_string(check, c);
        return;
    }
    if (state == WORD) {
        if (strchr("0123456789.eE+-truefalsn", c))
            return;
        state = check->state = check->depth ? AFTER : DONE;
    }
    if (c == ' ' || c == '\n')
        return;
    bool object = check->open & 1;
    if (state == AFTER && c == ',')
        check->state = object ? NAME : VALUE;
    else if ((state == AFTER || state == FIRST) && (c == '}' || c == ']'))
        json_close_one(check, c == '}');
    else if (state == NAME || (state == FIRST && object))
        c == '"' ? (void)(check->state = STRING | IN_NAME) : json_wrong(check);
    else if (state == COLON)
        c == ':' ? (void)(check->state = VALUE) : json_wrong(check);
    else if (state == VALUE || state == FIRST)
        json_value_begins(check, c);
    else
        json_wrong(check);
}

/* ---- the stream ---- */

static ssize_t check_write(void *cookie, const char *data, size_t bytes)
{
    struct check *check = cookie;
    for (size_t i = 0; i < bytes && !check->wrong; i++) {
        check_text(check, (unsigned char)data[i]);
        if (check->json && !check->wrong)
            check_json(check, data[i]);
    }
    check->bytes += bytes;
    return (ssize_t)bytes;
}

FILE *check_open(struct check *check)
{
    FILE *file = fopencookie(check, "w", (cookie_io_functions_t){.write = check_write});
    if (file)
        setvbuf(file, check->buffer, _IOFBF, CHECK_BUFFER);
    return file;
}

void check_end(struct check *check)
{
    if (check->wrong)
        return;
    if (check->seen)
        check->wrong = "half a character";
    else if (check->json && check->bytes && check->state != DONE)
        check->wrong = "half of JSON";
}
