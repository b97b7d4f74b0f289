/* SPDX-License-Identifier: MIT
 *
 * What --help of a verb prints.
 */
#include <stdio.h>
#include <string.h>

#include "verbs/options.h"

#define HELP_COLUMNS 80u
#define HELP_TEXT    26u

/* Words, wrapped, beginning in column `at`, each line. */
static void help_text(FILE *out, const char *text, size_t bytes, size_t at)
{
    const size_t indent = at;
    const char *end = text + bytes;
    for (bool first = true; text < end; first = false) {
        size_t length = strcspn(text, " \n");
        if (!first && at + 1 + length > HELP_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        at += fwrite(text, 1, length, out);
        text += length + (text[length] == ' ' || text[length] == '\n');
    }
    fputc('\n', out);
}

/* Paragraphs, with an empty line between two; those that begin with a blank are tables, and stay as they are. */
static void help_paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t bytes = end ? (size_t)(end - text) : strlen(text);
        if (*text == ' ')
            fprintf(out, "%.*s%s", (int)bytes, text, bytes && text[bytes - 1] == '\n' ? "" : "\n");
        else
            help_text(out, text, bytes - (bytes && text[bytes - 1] == '\n'), 0);
        text += bytes;
        if (*text)
            fputc('\n', out);
        text += strspn(text, "\n");
    }
}

void options_help(const struct verb_about *about, FILE *out)
{
    fprintf(out, "usage: memtrace %s %s%s%s\n\n", about->name, about->of ? "[OPTION...] " : "",
            about->takes ? about->takes : "LOG", about->several ? "..." : "");
    help_paragraphs(out, about->intro);
    if (about->of)
        fputc('\n', out);
    for (size_t i = 0; i < option_count; i++) {
        const struct option_about *one = &option_abouts[i];
        char left[64], letter[8] = "    ";
        if (!(one->of & about->of))
            continue;
        if (one->letter)
            snprintf(letter, sizeof letter, "-%c, ", one->letter);
        int used = snprintf(left, sizeof left, "  %s--%s%s%s", letter, one->name,
                            one->argument ? " " : "", one->argument ? one->argument : "");
        if ((size_t)used + 2 > HELP_TEXT)
            fprintf(out, "%s\n%*s", left, (int)HELP_TEXT, "");
        else
            fprintf(out, "%-*s", (int)HELP_TEXT, left);
        help_text(out, one->help, strlen(one->help), HELP_TEXT);
    }
    if (*about->end)
        fputc('\n', out);
    help_paragraphs(out, about->end);
    fprintf(out, "\nexample:\n  %s\n", about->example);
}
