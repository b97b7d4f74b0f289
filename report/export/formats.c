/* SPDX-License-Identifier: MIT */
#include "export/formats.h"

#include <string.h>

#define FIGURE_BIT(figure) (1u << FIGURE_##figure)
#define ALL_FIGURES                                                                                \
    (FIGURE_BIT(PEAK) | FIGURE_BIT(LIVE) | FIGURE_BIT(LEAKED) | FIGURE_BIT(ALLOCATED) |            \
     FIGURE_BIT(ALLOCATIONS))

const struct export_format export_formats[] = {
    {"collapsed", "a stack a line, for flamegraph.pl, inferno and whatever folds stacks",
     FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_METRIC | FORMAT_THREADS | FORMAT_PRUNED,
     PROFILE_PLACES | PROFILE_PROCESSES | PROFILE_RELEASES, 0, collapsed_put, NULL},
    {"speedscope", "JSON for speedscope.app",
     FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_METRIC | FORMAT_THREADS | FORMAT_PRUNED,
     PROFILE_PLACES | PROFILE_RELEASES, ALL_FIGURES, speedscope_put, NULL},
    {"pprof", "profile.proto in gzip: go tool pprof, Pyroscope, Parca, Perfetto, speedscope",
     FORMAT_BINARY | FORMAT_PACKED | FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_METRIC |
         FORMAT_THREADS | FORMAT_PRUNED | FORMAT_PROTOBUF,
     0, ALL_FIGURES, pprof_put, NULL},
    {"callgrind", "calls with what came through them: kcachegrind, callgrind_annotate",
     FORMAT_SEVERAL | FORMAT_THREADS | FORMAT_PRUNED, PROFILE_PLACES, ALL_FIGURES, callgrind_put,
     NULL},
    {"massif", "the level over time, with the callers at the peak: ms_print, massif-visualizer",
     FORMAT_SHARE, PROFILE_PLACES, 0, massif_put, NULL},
    {"heaptrack", "a summary as a recording: heaptrack_print, heaptrack_gui",
     FORMAT_THREADS | FORMAT_PRUNED, 0, ALL_FIGURES, heaptrack_put, NULL},
    {"dhat", "JSON for valgrind's dh_view.html and the Firefox Profiler",
     FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_THREADS | FORMAT_PRUNED, PROFILE_PLACES, ALL_FIGURES,
     dhat_put, NULL},
    {"csv", "a flat table with a head: spreadsheets, DuckDB, ClickHouse, Spark, pandas",
     FORMAT_SEVERAL | FORMAT_TABLES, 0, 0, NULL, csv_put_log},
    {"ndjson", "the same, as one JSON object a line: DuckDB, ClickHouse, Spark, jq",
     FORMAT_SEVERAL | FORMAT_TABLES, 0, 0, NULL, ndjson_put_log},
    {"perfetto", "levels over time and heap profiles of several processes: ui.perfetto.dev",
     FORMAT_BINARY | FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_PRUNED | FORMAT_PROTOBUF,
     PROFILE_PROCESSES, ALL_FIGURES, perfetto_put, NULL},
    {"otlp", "OpenTelemetry profiles, release 1.10 (and 1.11) of the protocol: collectors",
     FORMAT_BINARY | FORMAT_LISTS | FORMAT_SEVERAL | FORMAT_PRUNED | FORMAT_PROTOBUF,
     PROFILE_PROCESSES, ALL_FIGURES, otlp_put, NULL},
};
const size_t export_format_count = sizeof export_formats / sizeof export_formats[0];

const struct export_format *export_format_named(const char *name)
{
    for (size_t i = 0; i < export_format_count; i++)
        if (!strcmp(export_formats[i].name, name))
            return &export_formats[i];
    return NULL;
}

size_t export_format_names(const char **words)
{
    for (size_t i = 0; i < export_format_count; i++)
        words[i] = export_formats[i].name;
    return export_format_count;
}

static const char *const table_names[TABLES] = {"logs", "sites", "lines", "timeline"};

size_t export_table_names(const char **words)
{
    memcpy(words, table_names, sizeof table_names);
    return TABLES;
}

enum table_kind export_table_named(const char *name)
{
    for (unsigned table = 0; name && table < TABLES; table++)
        if (!strcmp(table_names[table], name))
            return (enum table_kind)table;
    return TABLE_SITES;
}

void export_formats_print(FILE *out)
{
    for (size_t i = 0; i < export_format_count; i++)
        fprintf(out, "%-11s %s%s\n", export_formats[i].name, export_formats[i].what,
                (export_formats[i].has & FORMAT_PROTOBUF) && !export_protobuf
                    ? " (not in this memtrace: it was built without protobuf-c)"
                    : "");
}
