/* SPDX-License-Identifier: MIT
 *
 * The formats of `memtrace export`, a file for each. A new one: its file, its function below, a line in formats.c.
 */
#ifndef EXPORT_FORMATS_H
#define EXPORT_FORMATS_H

#include <stdio.h>

#include "export/profile.h"

/* The flat tables of csv and ndjson: report/TABLES.md. */
enum table_kind { TABLE_LOGS, TABLE_SITES, TABLE_LINES, TABLE_TIMELINE, TABLES };

/* Of pprof and otlp, where they are sent to a server. */
struct export_label {
    const char *name, *value;
};
struct export_sent {
    uint64_t
        time; /* since 1970, ns: that the profile is of, as a snapshot; 0: when the process began */
    size_t deepest; /* of pprof: a stack's frames that are written, its innermost; 0: all */
    bool packed;    /* otlp, too, in gzip */
    /* of otlp: of the resource */
    const char *service; /* NULL: the program's name */
    const struct export_label *labels;
    size_t label_count;
};

/* What was asked for. */
struct export_asked {
    enum metric metric; /* METRICS: not given */
    enum table_kind table;
    struct filter filter;
    bool filtered;    /* the filter, or the periods, leave something out */
    double min_share; /* per cent; less than 0: not given */
    size_t top;       /* SIZE_MAX: not given */
    struct export_sent sent;
};

/* What a format has room for. */
enum {
    FORMAT_BINARY = 1u << 0,   /* not for a terminal */
    FORMAT_SEVERAL = 1u << 1,  /* several processes in one file */
    FORMAT_METRIC = 1u << 2,   /* one figure, or one that it begins with */
    FORMAT_THREADS = 1u << 3,  /* can keep threads apart */
    FORMAT_PRUNED = 1u << 4,   /* --top and --min-share fold stacks before it is written */
    FORMAT_SHARE = 1u << 7,    /* --min-share, which it folds by itself */
    FORMAT_TABLES = 1u << 5,   /* has several tables */
    FORMAT_PROTOBUF = 1u << 6, /* needs export_protobuf */
    FORMAT_LISTS = 1u << 8,    /* lists the frames of each stack */
    FORMAT_PACKED = 1u << 9,   /* is in gzip by itself */
};

struct export_format {
    const char *name;
    const char *what; /* one line */
    unsigned has;
    unsigned how;     /* PROFILE_..., for `put` */
    unsigned figures; /* bits 1u << figure: that stacks are folded by */
    /* Writes all that was added. False after a message. */
    bool (*put)(FILE *out, const struct profile *profile, const struct export_asked *asked);
    /* In place of that: writes one log. `first`: nothing has been written yet. */
    bool (*put_log)(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                    bool first);
};
extern const struct export_format export_formats[];
extern const size_t export_format_count;
/* False: this memtrace was built without protobuf-c. */
extern const bool export_protobuf;

/* NULL: there is no such. */
const struct export_format *export_format_named(const char *name);
/* The words that --format and --table take, as options want them. */
size_t export_format_names(const char **words);
size_t export_table_names(const char **words);
/* TABLE_SITES for NULL. */
enum table_kind export_table_named(const char *name);
/* A table for people. */
void export_formats_print(FILE *out);

/* Each format; as struct export_format has them. */
bool collapsed_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool speedscope_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool pprof_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool callgrind_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool heaptrack_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool dhat_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool massif_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool csv_put_log(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                 bool first);
bool ndjson_put_log(FILE *out, const struct stacks *stacks, const struct export_asked *asked,
                    bool first);
bool otlp_put(FILE *out, const struct profile *profile, const struct export_asked *asked);
bool perfetto_put(FILE *out, const struct profile *profile, const struct export_asked *asked);

#endif
