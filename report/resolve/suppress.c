/* SPDX-License-Identifier: MIT */
#include "resolve/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

/* Where pattern[0..length), which has no *, first stands in the text. */
static const char *find(const char *text, const char *pattern, size_t length)
{
    return memmem(text, strlen(text), pattern, length);
}

/* The parts between stars follow each other in the text; the first place of each leaves the most for the next. Only a part that must
 * stand at an end is tied to it. */
bool suppression_matches(const char *pattern, const char *text)
{
    if (!text || !*text)
        return false;
    bool tied = *pattern == '^';
    pattern += tied;
    while (*pattern) {
        size_t length = strcspn(pattern, "*$");
        size_t left = strlen(text);
        bool end = pattern[length] == '$' && !pattern[length + 1];
        if (pattern[length] == '$' && !end)
            length += 1 + strcspn(pattern + length + 1, "*$"); /* a letter like others */
        if (end) {
            if (left < length || memcmp(text + left - length, pattern, length) != 0)
                return false;
            return !tied || left == length;
        }
        const char *at =
            tied ? (!strncmp(text, pattern, length) ? text : NULL) : find(text, pattern, length);
        if (!at)
            return false;
        text = at + length;
        pattern += length;
        tied = false;
        while (*pattern == '*')
            pattern++;
    }
    return true;
}

size_t suppressions_match(const struct suppressions *suppressions, const struct frames *frames,
                          const struct function *function)
{
    struct log_text path = frames_module(frames, function);
    char *module = base_copy(path.text ? path.text : "", path.bytes);
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < suppressions->count && found == SIZE_MAX; i++) {
        const char *pattern = suppressions->list[i].pattern;
        if (suppression_matches(pattern, frames_name(frames, function)) ||
            suppression_matches(pattern, frames_file(frames, function)) ||
            suppression_matches(pattern, module))
            found = i;
    }
    free(module);
    return found;
}

/* One line; false after a message. */
static bool read_line(struct suppressions *s, const char *file, unsigned line, char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        text[--length] = 0;
    if (!length || *text == '#')
        return true;
    if (!text_starts(text, "leak:") || !text[5]) {
        base_say("%s: line %u: not leak:PATTERN: '%.60s'", file, line, text);
        return false;
    }
    s->list = base_room(s->list, &s->cap, s->count + 1, sizeof *s->list);
    s->list[s->count++] = (struct suppression){base_copy(text + 5, length - 5), file, line};
    return true;
}

bool suppressions_read(struct suppressions *suppressions, const char *file)
{
    FILE *in = fopen(file, "re");
    char *text = NULL;
    size_t cap = 0;
    bool good = in != NULL;
    for (unsigned line = 1; good && getline(&text, &cap, in) >= 0; line++)
        good = read_line(suppressions, file, line, text);
    if (!in || ferror(in)) {
        base_say("%s: %s", file, strerror(errno));
        good = false;
    }
    free(text);
    if (in)
        fclose(in);
    return good;
}

void suppressions_free(struct suppressions *suppressions)
{
    for (size_t i = 0; i < suppressions->count; i++)
        free(suppressions->list[i].pattern);
    free(suppressions->list);
    *suppressions = (struct suppressions){0};
}
