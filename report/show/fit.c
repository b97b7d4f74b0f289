/* SPDX-License-Identifier: MIT */
#include "show/fit.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

#define ELLIPSIS "…"
#define DEEPEST  6u /* lists inside of so many others go together */

static size_t width_of(const char *text)
{
    return text_width(text, strlen(text));
}

static bool after_operator(const char *text, size_t i)
{
    while (i && strchr("<>=-&|", text[i - 1]))
        i--;
    return i >= 8 && !strncmp(text + i - 8, "operator", 8);
}

/* A list of C++ or Rust begins here. "<module>" of Python is none, nor is a name in "by way of a < b". */
static bool opens(const char *text, size_t i, char open)
{
    if (text[i] != open || (open == '<' && (after_operator(text, i) || text[i + 1] == ' ')))
        return false;
    return open != '(' || strncmp(text + i, "(anonymous namespace)", 21) != 0;
}

/* For each '<' and its '>', or '(' and ')', the place of the other one, plus one. */
static size_t *partners(const char *text, size_t length, char open, char close)
{
    size_t *partner = base_alloc(length + 1, sizeof *partner);
    size_t *stack = base_alloc(length + 1, sizeof *stack), depth = 0;
    for (size_t i = 0; i < length; i++) {
        if (opens(text, i, open))
            stack[depth++] = i;
        if (text[i] != close || !depth ||
            (close == '>' && (text[i - 1] == '-' || text[i - 1] == '=')))
            continue;
        size_t begin = stack[--depth];
        bool first = open == '<' && (!begin || text[begin - 1] == ' ');
        if (first && strncmp(text + i + 1, "::", 2) != 0)
            continue; /* <module>, <lambda>, <frozen os>:12: it is the name */
        if (open == '<' && begin && text[begin - 1] == '.')
            continue; /* main.<locals>.<listcomp>: as well */
        partner[begin] = i + 1;
        partner[i] = begin + 1;
    }
    free(stack);
    return partner;
}

/* With "…" in place of what is in lists that are in at least `depth` - 1 others. */
static char *without_lists(const char *text, char open, char close, unsigned depth)
{
    size_t length = strlen(text), used = 0;
    size_t *partner = partners(text, length, open, close);
    char *out = base_alloc(length + 1, 1);
    unsigned level = 0;
    for (size_t i = 0; i < length; i++) {
        out[used++] = text[i];
        if (!partner[i])
            continue;
        if (partner[i] < i + 1) {
            level--;
        } else if (level + 1 < depth || partner[i] - i - 2 <= strlen(ELLIPSIS)) {
            level++;
        } else {
            memcpy(out + used, ELLIPSIS, strlen(ELLIPSIS));
            used += strlen(ELLIPSIS);
            i = partner[i] - 2; /* at the character before the closing one */
            level++;
        }
    }
    free(partner);
    return out;
}

/* Where the function's name begins: after "file.cc:12  " or "/folder/file.cc: ". */
static size_t name_begins(const char *text)
{
    size_t blanks = strspn(text, " ");
    const char *two = strstr(text + blanks, "  "), *colon = strstr(text, ": ");
    if (two && strncmp(two, "  in ", 5) != 0)
        return (size_t)(two - text) + 2;
    return colon ? (size_t)(colon - text) + 2 : 0;
}

/* "  in module.so", or the end of the text. */
static size_t name_ends(const char *text, size_t begins)
{
    const char *in = strstr(text + begins, "  in ");
    return in ? (size_t)(in - text) : strlen(text);
}

/* The last component of a name, outside of all lists. */
static size_t method_begins(const char *text, size_t begin, size_t end)
{
    size_t method = begin;
    unsigned depth = 0;
    for (size_t i = begin; i < end; i++) {
        depth += text[i] == '<' || text[i] == '(';
        depth -= depth && (text[i] == '>' || text[i] == ')');
        if (!depth && text[i] == ':' && text[i + 1] == ':')
            method = i + 2;
    }
    return method;
}

static char *join(const char *head, size_t head_bytes, const char *rest)
{
    char *text;
    if (asprintf(&text, "%.*s%s%s", (int)head_bytes, head, ELLIPSIS, rest) < 0)
        return base_copy(rest, strlen(rest));
    return text;
}

/* At most so many columns of text[0..bytes): the bytes that they are. */
static size_t bytes_in(const char *text, size_t bytes, size_t columns)
{
    size_t fits = 0;
    for (size_t i = 0; i < bytes;) {
        uint32_t code;
        size_t length = text_decode(text + i, bytes - i, &code);
        i += length ? length : 1;
        if (text_width(text, i) > columns)
            break;
        fits = i;
    }
    return fits;
}

/* "…/file.cc" in place of the folders, "…::method" in place of the scopes, then the end of the method. */
static char *cut_name(char *text, size_t columns)
{
    size_t begin = name_begins(text);
    const char *slash = begin ? memrchr(text, '/', begin) : NULL;
    if (slash > text) {
        char *shorter = join(text, 0, slash);
        free(text);
        text = shorter;
    }
    begin = name_begins(text);
    size_t method = method_begins(text, begin, name_ends(text, begin));
    if (width_of(text) > columns && method > begin + 2) {
        char *shorter = join(text, begin, text + method - 2);
        free(text);
        text = shorter;
    }
    begin = name_begins(text);
    size_t end = name_ends(text, begin), width = width_of(text), name = text_width(text, end);
    if (width <= columns || width - name + 1 + 8 > columns)
        return text;
    char *shorter = join(text, bytes_in(text, end, columns - (width - name) - 1), text + end);
    free(text);
    return shorter;
}

char *fit_name(const char *whole, size_t columns)
{
    char *text = base_copy(whole, strlen(whole));
    if (columns == SIZE_MAX)
        return text;
    for (int parameters = 0; parameters < 2; parameters++) {
        for (unsigned depth = DEEPEST; depth && width_of(text) > columns; depth--) {
            char *shorter =
                without_lists(text, parameters ? '(' : '<', parameters ? ')' : '>', depth);
            free(text);
            text = shorter;
        }
    }
    bool several = strstr(text, " < ") != NULL; /* "by way of": names one after another */
    return width_of(text) > columns && !several ? cut_name(text, columns) : text;
}
