/* SPDX-License-Identifier: MIT
 *
 * JUnit's XML, as Jenkins, GitLab and others read it: a suite for each program, a test case for each budget.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "budget/formats.h"
#include "show/metric.h"

/* Foreign text in XML 1.0: what may not stand there becomes U+FFFD. */
static void put_xml(FILE *out, const char *text)
{
    size_t bytes = strlen(text);
    while (bytes) {
        uint32_t code = 0;
        size_t length = text_decode(text, bytes, &code);
        bool good = length && (code >= 0x20 || code == '\t' || code == '\n') && code != 0xfffe &&
                    code != 0xffff;
        if (!good)
            fputs("\xef\xbf\xbd", out);
        else if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\n' ||
                 code == '\t')
            fprintf(out, "&#%" PRIu32 ";", code);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
        bytes -= length ? length : 1;
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    put_xml(out, text);
    fputc('"', out);
}

static void put_failure(const struct verdict *verdict, const char *text, FILE *out)
{
    char value[TEXT_SIZE_BYTES];
    fputs("      <failure type=\"memtrace\"", out);
    put_attribute(out, "message", text);
    fputc('>', out);
    put_xml(out, text);
    for (size_t h = 0; h < verdict->held_count; h++) {
        fprintf(out, "\n%s%s  ", verdict->growth ? "+" : "",
                metric_text(value, verdict->metric, verdict->held[h].value));
        put_xml(out, verdict->held[h].name);
        if (verdict->held[h].file) {
            fputs("  ", out);
            put_xml(out, verdict->held[h].file);
        }
    }
    fputs("</failure>\n", out);
}

/* What is not there can't be judged, which is an error; where that is allowed, it is skipped. */
static void put_missing(const struct verdict *verdict, const char *text, bool allowed, FILE *out)
{
    fputs(allowed ? "      <skipped" : "      <error type=\"memtrace\"", out);
    put_attribute(out, "message", text);
    fputc('>', out);
    put_xml(out, verdict->source ? verdict->source : text);
    fputs(allowed ? "</skipped>\n" : "</error>\n", out);
}

static void put_case(const struct verdict *verdict, bool allowed, FILE *out)
{
    char *text = verdict_text(verdict), *name = NULL;
    if (asprintf(&name, "%s%s%s", verdict->name, verdict->at ? " under " : "",
                 verdict->at ? verdict->at : "") < 0)
        name = NULL;
    fputs("    <testcase", out);
    put_attribute(out, "classname", verdict->program);
    put_attribute(out, "name", name ? name : verdict->name);
    if (verdict->held_count && verdict->held[0].file) {
        put_attribute(out, "file", path_here(verdict->held[0].file));
        if (verdict->held[0].line)
            fprintf(out, " line=\"%" PRIu32 "\"", verdict->held[0].line);
    }
    bool holds = !verdict->broken && !verdict->missing;
    fputs(holds ? "/>\n" : ">\n", out);
    if (verdict->broken)
        put_failure(verdict, text, out);
    if (verdict->missing)
        put_missing(verdict, text, allowed, out);
    if (!holds) {
        fputs("    </testcase>\n", out);
    }
    free(name);
    free(text);
}

/* Verdicts on one log follow each other. */
static size_t suite_end(const struct verdicts *verdicts, size_t from, size_t *broken,
                        size_t *missing)
{
    size_t end = from;
    *broken = *missing = 0;
    for (; end < verdicts->count && !strcmp(verdicts->list[end].log, verdicts->list[from].log);
         end++) {
        *broken += verdicts->list[end].broken;
        *missing += verdicts->list[end].missing;
    }
    return end;
}

void verdicts_junit(const struct verdicts *verdicts, FILE *out)
{
    bool allowed = verdicts->missing_allowed;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"memtrace\" "
            "tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
            verdicts->count, verdicts->broken, allowed ? 0 : verdicts->missing);
    for (size_t i = 0; i < verdicts->count;) {
        size_t broken, missing, end = suite_end(verdicts, i, &broken, &missing);
        fputs("  <testsuite", out);
        put_attribute(out, "name", verdicts->list[i].log);
        fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", end - i,
                broken, allowed ? 0 : missing, allowed ? missing : 0);
        for (; i < end; i++)
            put_case(&verdicts->list[i], allowed, out);
        fputs("  </testsuite>\n", out);
    }
    fputs("</testsuites>\n", out);
}
