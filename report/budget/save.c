/* SPDX-License-Identifier: MIT
 *
 * memtrace check --save.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "budget/formats.h"

#define FIRST_LINE "# Budgets, by memtrace check --save.\n"

/* A file that is there and was written by hand must stay. */
static bool may_replace(const char *path)
{
    char line[sizeof FIRST_LINE];
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT;
    bool ours = fgets(line, sizeof line, file) && !strcmp(line, FIRST_LINE);
    fclose(file);
    return ours;
}

/* A basic string of TOML: text that is no UTF-8, or has control characters, has escapes or U+FFFD. */
static void put_string(FILE *out, const char *text)
{
    size_t bytes = strlen(text);
    fputc('"', out);
    while (bytes) {
        uint32_t code = 0;
        size_t length = text_decode(text, bytes, &code);
        if (!length)
            fputs("\\uFFFD", out);
        else if (code < 0x20 || code == 0x7f)
            fprintf(out, "\\u%04" PRIX32, code);
        else if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (int)code);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
        bytes -= length ? length : 1;
    }
    fputc('"', out);
}

/* A name in which nothing is a glob's. To be freed. */
static char *as_glob(const char *name)
{
    char *glob = base_alloc(2 * strlen(name) + 1, 1), *at = glob;
    for (; *name; name++) {
        if (strchr("*?[\\", *name))
            *at++ = '\\';
        *at++ = *name;
    }
    return glob;
}

/* The highest value of all logs of this verdict's program and name. */
static int64_t highest(const struct verdicts *verdicts, const struct verdict *of)
{
    int64_t most = 0;
    for (size_t i = 0; i < verdicts->count; i++)
        if (!strcmp(verdicts->list[i].program, of->program) &&
            !strcmp(verdicts->list[i].name, of->name) && verdicts->list[i].value > most)
            most = verdicts->list[i].value;
    return most;
}

static bool is_first(const struct verdicts *verdicts, size_t index, bool of_program)
{
    const struct verdict *one = &verdicts->list[index];
    for (size_t i = 0; i < index; i++)
        if (!strcmp(verdicts->list[i].program, one->program) &&
            (of_program || !strcmp(verdicts->list[i].name, one->name)))
            return false;
    return true;
}

static void put_program(FILE *out, const struct verdicts *verdicts, size_t first, double percent)
{
    char *glob = as_glob(verdicts->list[first].program);
    fputs("\n[program.", out);
    put_string(out, glob);
    fputs("]\n", out);
    free(glob);
    for (size_t i = first; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->list[i];
        if (strcmp(verdict->program, verdicts->list[first].program) != 0 ||
            !is_first(verdicts, i, false))
            continue;
        double limit = (double)highest(verdicts, verdict) * (1 + percent / 100);
        fprintf(out, "max-%s = %" PRId64 "\n", verdict->name,
                limit < 9.2e18 ? (int64_t)limit : INT64_MAX);
    }
}

bool verdicts_save(const struct verdicts *measured, const char *path, double percent, bool force)
{
    if (!force && !may_replace(path)) {
        base_say(
            "--save %s: there is a file that memtrace check has not written; --force replaces it",
            path);
        return false;
    }
    FILE *out = fopen(path, "we");
    if (out) {
        fputs(FIRST_LINE, out);
        if (percent > 0)
            fprintf(out, "# What was measured, and %g %% more.\n", percent);
        for (size_t i = 0; i < measured->count; i++)
            if (is_first(measured, i, true))
                put_program(out, measured, i, percent);
    }
    if (!out || ferror(out) | fclose(out)) {
        base_say("--save %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}
