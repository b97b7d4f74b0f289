/* SPDX-License-Identifier: MIT
 *
 * Text, and GitHub's workflow commands: docs.github.com, "Workflow commands for GitHub Actions".
 */
#include "budget/formats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"
#include "show/metric.h"
#include "show/terminal.h"

const char *verdict_format_name(enum verdict_format format)
{
    static const char *const names[FORMATS] = {"text", "github", "junit", "sarif", "json"};
    return names[format];
}

const char *path_here(const char *path)
{
    char *folder = getcwd(NULL, 0);
    size_t length = folder ? strlen(folder) : 0;
    bool below =
        length > 1 && !strncmp(path, folder, length) && path[length] == '/' && path[length + 1];
    free(folder);
    return below ? path + length + 1 : path;
}

/* ---- text ---- */

static void put(FILE *out, const char *text)
{
    text_put(out, text, strlen(text), SIZE_MAX);
}

static void print_held(const struct verdict *verdict, FILE *out)
{
    char value[TEXT_SIZE_BYTES];
    for (size_t h = 0; h < verdict->held_count; h++) {
        const struct held *held = &verdict->held[h];
        char with_sign[TEXT_SIZE_BYTES + 1];
        snprintf(with_sign, sizeof with_sign, "%s%s", verdict->growth ? "+" : "",
                 metric_text(value, verdict->metric, held->value));
        fprintf(out, "  %10s  ", with_sign);
        put(out, held->name);
        fputc('\n', out);
    }
}

static void write_count(const struct verdicts *verdicts, FILE *out)
{
    char count[TEXT_COUNT_BYTES], some[TEXT_COUNT_BYTES];
    size_t held = verdicts->count - verdicts->broken - verdicts->missing;
    text_count(count, verdicts->count);
    if (verdicts->broken && verdicts->count == 1)
        fputs("The budget is broken.\n", out);
    else if (verdicts->broken)
        fprintf(out, "%s of %s budgets %s broken.\n", text_count(some, verdicts->broken), count,
                verdicts->broken == 1 ? "is" : "are");
    else if (held)
        fprintf(out, "%s budget%s.\n", text_count(some, held), held == 1 ? " holds" : "s hold");
    if (verdicts->missing)
        fprintf(out, "%s budget%s what is not there.\n", text_count(some, verdicts->missing),
                verdicts->missing == 1 ? " is of" : "s are of");
}

static void write_text(const struct verdicts *verdicts, FILE *out)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->list[i];
        if (!verdict->broken && !verdict->missing)
            continue;
        char *text = verdict_text(verdict);
        fputs(terminal_on(STYLE_TITLE), out);
        put(out, verdict->program);
        fputs(": ", out);
        put(out, text);
        fprintf(out, "%s  (", terminal_off(STYLE_TITLE));
        if (verdict->source) {
            put(out, verdict->source);
            fputs(", ", out);
        }
        put(out, verdict->log);
        fputs(")\n", out);
        print_held(verdict, out);
        free(text);
    }
    write_count(verdicts, out);
}

/* ---- GitHub ---- */

/* `property`: a property's value, in which ',' and ':' have a meaning. */
static void put_escaped(FILE *out, const char *text, bool property)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            fprintf(out, "%%%02X", c);
        else
            fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

/* The annotation is at the line of the name that is not there. */
static void put_place_of_budget(const struct verdict *verdict, FILE *out)
{
    const char *colon = verdict->source ? strrchr(verdict->source, ':') : NULL;
    char *file = colon ? base_copy(verdict->source, (size_t)(colon - verdict->source)) : NULL;
    if (file) {
        fputs("file=", out);
        put_escaped(out, path_here(file), true);
        fprintf(out, ",line=%s,", colon + 1);
    }
    free(file);
}

static void write_github(const struct verdicts *verdicts, FILE *out)
{
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->list[i];
        const struct held *held = &verdict->held[0];
        if (!verdict->broken && !verdict->missing)
            continue;
        fputs(verdict->broken || !verdicts->missing_allowed ? "::error " : "::warning ", out);
        if (verdict->missing)
            put_place_of_budget(verdict, out);
        if (verdict->held_count && held->file) {
            fputs("file=", out);
            put_escaped(out, path_here(held->file), true);
            if (held->line)
                fprintf(out, ",line=%u", (unsigned)held->line);
            fputc(',', out);
        }
        fputs("title=memtrace%3A ", out);
        put_escaped(out, verdict->name, true);
        fputs(" of ", out);
        put_escaped(out, verdict->program, true);
        fputs("::", out);
        char *text = verdict_text(verdict), value[TEXT_SIZE_BYTES];
        put_escaped(out, text, false);
        free(text);
        for (size_t h = 0; h < verdict->held_count; h++) {
            fprintf(out, "%%0A%s%s  ", verdict->growth ? "+" : "",
                    metric_text(value, verdict->metric, verdict->held[h].value));
            put_escaped(out, verdict->held[h].name, false);
        }
        fputc('\n', out);
    }
}

void verdicts_write(const struct verdicts *verdicts, enum verdict_format format, FILE *out)
{
    static void (*const writers[FORMATS])(const struct verdicts *verdicts, FILE *out) = {
        write_text, write_github, verdicts_junit, verdicts_sarif, verdicts_json};
    writers[format](verdicts, out);
}
