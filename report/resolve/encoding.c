/* SPDX-License-Identifier: MIT */
#include "resolve/encoding.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/base.h"

#define NAME_BYTES 64
#define SAY_BYTES  4096u /* of a line, in which the name is looked for */

/* Python's rule: a comment with "coding:" or "coding=", then the name. False: this is no such line. */
static bool line_names(const char *line, size_t bytes, char name[NAME_BYTES])
{
    size_t i = 0, used = 0;
    bytes = bytes < SAY_BYTES ? bytes : SAY_BYTES;
    while (i < bytes && strchr(" \t\f", line[i]) && line[i])
        i++;
    if (i == bytes || line[i] != '#')
        return false;
    const char *coding = memmem(line + i, bytes - i, "coding", strlen("coding"));
    while (coding) {
        i = (size_t)(coding - line) + strlen("coding");
        if (i < bytes && (line[i] == ':' || line[i] == '='))
            break;
        coding = memmem(line + i, bytes - i, "coding", strlen("coding"));
    }
    if (!coding)
        return false;
    for (i++; i < bytes && (line[i] == ' ' || line[i] == '\t'); i++)
        continue;
    for (; i < bytes && used + 1 < NAME_BYTES && line[i]; i++) {
        if (!isalnum((unsigned char)line[i]) && !strchr("-_.", line[i]))
            break;
        name[used++] = line[i] == '_' ? '-' : (char)tolower((unsigned char)line[i]);
    }
    name[used] = 0;
    return used > 0;
}

static bool is_blank_or_comment(const char *line, size_t bytes)
{
    size_t i = 0;
    while (i < bytes && line[i] && strchr(" \t\f\r", line[i]))
        i++;
    return i == bytes || line[i] == '#';
}

/* Python's names that iconv has others for. */
static iconv_t encoding_named(const char *name)
{
    static const struct {
        const char *python, *iconv;
    } others[] = {{"latin-1", "ISO-8859-1"},  {"latin1", "ISO-8859-1"},
                  {"l1", "ISO-8859-1"},       {"iso-latin-1", "ISO-8859-1"},
                  {"mac-roman", "MACINTOSH"}, {"shift-jis", "SHIFT_JIS"}};
    if (!strncmp(name, "utf-8", 5) || !strncmp(name, "utf8", 4) || !strcmp(name, "ascii") ||
        !strcmp(name, "us-ascii"))
        return ENCODING_NONE;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!strcmp(name, others[i].python))
            return iconv_open("UTF-8", others[i].iconv);
    iconv_t found = iconv_open("UTF-8", name);
    if (found != ENCODING_NONE)
        return found;
    char plain[NAME_BYTES];
    size_t used = 0;
    for (const char *c = name; *c; c++)
        if (*c != '-')
            plain[used++] = *c;
    plain[used] = 0;
    return iconv_open("UTF-8", plain); /* latin-2, iso-8859-15 */
}

iconv_t encoding_open(const char *text, size_t bytes)
{
    char name[NAME_BYTES];
    for (int line = 0; line < 2; line++) {
        const char *end = memchr(text, '\n', bytes);
        size_t length = end ? (size_t)(end - text) : bytes;
        if (line_names(text, length, name))
            return encoding_named(name);
        if (!end || !is_blank_or_comment(text, length))
            return ENCODING_NONE;
        text += length + 1;
        bytes -= length + 1;
    }
    return ENCODING_NONE;
}

char *encoding_decode(iconv_t from, const char *text, size_t *bytes)
{
    size_t left = *bytes, cap = 4 * left + 4, room = cap;
    char *out = base_alloc(cap + 1, 1), *to = out, *at = (char *)(uintptr_t)text;
    iconv(from, NULL, NULL, NULL, NULL);
    while (left && iconv(from, &at, &left, &to, &room) == (size_t)-1) {
        if (errno == E2BIG || room < 3)
            break;
        memcpy(to, "\xef\xbf\xbd", 3);
        to += 3;
        room -= 3;
        at++;
        left--;
    }
    *bytes = (size_t)(to - out);
    return out;
}
