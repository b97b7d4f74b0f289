/* SPDX-License-Identifier: MIT
 *
 * SARIF 2.1.0 (OASIS), and our own JSON.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "budget/formats.h"
#include "show/json.h"
#include "show/metric.h"

#define SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

#ifndef MEMTRACE_VERSION
#define MEMTRACE_VERSION "0.1.0"
#endif

/* A path as a URI reference: relative ones are to the source's root. To be freed. */
static char *uri_of(const char *path)
{
    static const char before[] = "file://";
    bool whole = path[0] == '/';
    char *uri = base_alloc(3 * strlen(path) + sizeof before, 1), *at = uri;
    if (whole)
        at += sprintf(at, "%s", before);
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (isalnum(c) || strchr("/-._~", c))
            *at++ = (char)c;
        else
            at += sprintf(at, "%%%02X", c);
    }
    return uri;
}

static void put_location(struct json *json, const struct held *held)
{
    char *uri = uri_of(path_here(held->file));
    json_open(json, NULL, '{');
    json_open(json, "physicalLocation", '{');
    json_open(json, "artifactLocation", '{');
    json_cstring(json, "uri", uri);
    if (uri[0] && !text_starts(uri, "file:"))
        json_cstring(json, "uriBaseId", "%SRCROOT%");
    json_close(json, '}');
    if (held->line) {
        json_open(json, "region", '{');
        json_unsigned(json, "startLine", held->line);
        json_close(json, '}');
    }
    json_close(json, '}');
    json_open(json, "logicalLocations", '[');
    json_open(json, NULL, '{');
    json_cstring(json, "fullyQualifiedName", held->function ? held->function : held->name);
    json_cstring(json, "kind", "function");
    json_close(json, '}');
    json_close(json, ']');
    json_open(json, "message", '{');
    json_cstring(json, "text", held->name);
    json_close(json, '}');
    json_close(json, '}');
    free(uri);
}

/* GitHub refuses a file in which a result has no location: that of the budget, or else the log. */
static void put_place_of_budget(struct json *json, const struct verdict *verdict)
{
    const char *colon = verdict->source ? strrchr(verdict->source, ':') : NULL;
    uint32_t line = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
    char *file = line ? strndup(verdict->source, (size_t)(colon - verdict->source)) : NULL;
    char *program = strdup(verdict->program);
    struct held held = {
        .file = file ? file : verdict->log, .line = line ? line : 1, .name = program};
    if (held.file && program)
        put_location(json, &held);
    free(file);
    free(program);
}

static void put_locations(struct json *json, const struct verdict *verdict, const char *member,
                          size_t from, size_t to)
{
    json_open(json, member, '[');
    for (size_t h = from; h < to && h < verdict->held_count; h++)
        if (verdict->held[h].file)
            put_location(json, &verdict->held[h]);
    if (from == verdict->held_count && to == from + 1)
        put_place_of_budget(json, verdict);
    json_close(json, ']');
}

static void put_result(struct json *json, const struct verdict *verdict, bool missing_allowed)
{
    char *text = verdict_text(verdict), *whole = NULL;
    if (asprintf(&whole, "%s: %s", verdict->program, text) < 0)
        whole = NULL;
    json_open(json, NULL, '{');
    json_cstring(json, "ruleId", verdict->name);
    json_cstring(json, "level", verdict->missing && missing_allowed ? "warning" : "error");
    json_cstring(json, "kind", "fail");
    json_open(json, "message", '{');
    json_cstring(json, "text", whole ? whole : text);
    json_close(json, '}');
    size_t first = 0;
    while (first < verdict->held_count && !verdict->held[first].file)
        first++;
    put_locations(json, verdict, "locations", first, first + 1);
    put_locations(json, verdict, "relatedLocations", first + 1, HELD_LINES);
    json_close(json, '}');
    free(whole);
    free(text);
}

static void put_text(struct json *json, const char *member, const char *text)
{
    json_open(json, member, '{');
    json_cstring(json, "text", text);
    json_close(json, '}');
}

/* With what GitHub's code scanning demands of a rule: a full description and a help text. */
static void put_rule(struct json *json, const struct verdict *verdict)
{
    static const char *const what[METRICS] = {
        [METRIC_PEAK] = "The highest level of live bytes",
        [METRIC_LIVE] = "The bytes that are live when the program has finished",
        [METRIC_LEAKED] = "The bytes that are never released",
        [METRIC_ALLOCATED] = "The bytes that are allocated in all",
        [METRIC_ALLOCATIONS] = "The number of allocations"};
    static const char help[] =
        "The locations are the lines that hold the most of it. 'memtrace report LOG' and 'memtrace "
        "html LOG' show all others, with their callers.";
    char name[40], brief[160], full[240];
    size_t at = 0;
    bool upper = true;
    for (const char *c = verdict->name; *c && at + 8 < sizeof name;
         c++) { /* PeakGrowth, PeakBudget */
        if (*c != '-')
            name[at++] = (char)(upper ? toupper((unsigned char)*c) : *c);
        upper = *c == '-';
    }
    strcpy(name + at, verdict->growth ? "" : "Budget");
    snprintf(brief, sizeof brief, "%s %s", what[verdict->metric],
             verdict->growth ? "may grow by a limited amount" : "must keep to a budget");
    snprintf(full, sizeof full, "%s%s", brief,
             verdict->growth ? " since the baseline (memtrace check --baseline)."
                             : " (memtrace check: an option or a file of budgets).");
    json_open(json, NULL, '{');
    json_cstring(json, "id", verdict->name);
    json_cstring(json, "name", name);
    put_text(json, "shortDescription", brief);
    put_text(json, "fullDescription", full);
    put_text(json, "help", help);
    json_close(json, '}');
}

/* Each name that a verdict has, once. */
static void put_rules(struct json *json, const struct verdicts *verdicts)
{
    json_open(json, "rules", '[');
    for (size_t i = 0; i < verdicts->count; i++) {
        bool before = false;
        for (size_t k = 0; k < i && !before; k++)
            before = !strcmp(verdicts->list[k].name, verdicts->list[i].name);
        if (!before)
            put_rule(json, &verdicts->list[i]);
    }
    json_close(json, ']');
}

void verdicts_sarif(const struct verdicts *verdicts, FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_cstring(&json, "$schema", SARIF_SCHEMA);
    json_cstring(&json, "version", "2.1.0");
    json_open(&json, "runs", '[');
    json_open(&json, NULL, '{');
    json_open(&json, "tool", '{');
    json_open(&json, "driver", '{');
    json_cstring(&json, "name", "memtrace");
    json_cstring(&json, "semanticVersion", MEMTRACE_VERSION);
    put_rules(&json, verdicts);
    json_close(&json, '}');
    json_close(&json, '}');
    json_open(&json, "results", '[');
    for (size_t i = 0; i < verdicts->count; i++)
        if (verdicts->list[i].broken ||
            verdicts->list[i].missing) /* what passes has no location, and no alert */
            put_result(&json, &verdicts->list[i], verdicts->missing_allowed);
    json_close(&json, ']');
    json_close(&json, '}');
    json_close(&json, ']');
    json_close(&json, '}');
}

/* ---- our own ---- */

static void put_held(struct json *json, const struct verdict *verdict)
{
    json_open(json, "held", '[');
    for (size_t h = 0; h < verdict->held_count; h++) {
        const struct held *held = &verdict->held[h];
        json_open(json, NULL, '{');
        json_cstring(json, "file", held->file);
        if (held->line)
            json_unsigned(json, "line", held->line);
        else
            json_none(json, "line");
        json_cstring(json, "function", held->function);
        json_signed(json, "value", held->value);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void verdicts_json(const struct verdicts *verdicts, FILE *out)
{
    struct json json = {.out = out};
    json_open(&json, NULL, '{');
    json_cstring(&json, "schema", "memtrace-check/1");
    json_unsigned(&json, "broken", verdicts->broken);
    json_unsigned(&json, "missing", verdicts->missing);
    json_open(&json, "budgets", '[');
    for (size_t i = 0; i < verdicts->count; i++) {
        const struct verdict *verdict = &verdicts->list[i];
        char *text = verdict_text(verdict);
        json_open(&json, NULL, '{');
        json_cstring(&json, "program", verdict->program);
        json_cstring(&json, "log", verdict->log);
        json_cstring(&json, "name", verdict->name);
        json_cstring(&json, "at", verdict->at);
        json_cstring(&json, "source", verdict->source);
        json_bool(&json, "broken", verdict->broken);
        json_bool(&json, "missing", verdict->missing);
        json_signed(&json, "value", verdict->value);
        json_signed(&json, "limit", verdict->limit);
        if (verdict->growth)
            json_signed(&json, "old_value", verdict->old);
        else
            json_none(&json, "old_value");
        json_cstring(&json, "text", text);
        put_held(&json, verdict);
        json_close(&json, '}');
        free(text);
    }
    json_close(&json, ']');
    json_close(&json, '}');
}
