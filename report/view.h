/* SPDX-License-Identifier: MIT
 *
 * What all views need of one log: read, resolved and added up.
 */
#ifndef VIEW_H
#define VIEW_H

#include "fold.h"
#include "frames.h"
#include "json.h"
#include "model.h"
#include "reader.h"
#include "source.h"

struct view {
    struct log log;
    struct model model;
    struct frames frames;
    struct fold_key *lines;     /* by place */
    struct fold_key *functions; /* by function */
    struct sources sources;
    uint64_t blank_lines; /* shown for the sake of whole functions, see lines.c */
    uint64_t searched;    /* lines of source, for functions' ends */
    bool running;         /* the process is still there */
    int status;           /* STATUS_BAD when something in the log could not be read */
};

/* Read the log, say what is wrong with it. False: nothing can be shown. view_close in any case. */
bool view_open(struct view *view, const char *file);
/* The same of some periods only. */
bool view_open_periods(struct view *view, const char *file, struct model_periods periods);
void view_close(struct view *view);

/* Was there anything that tables show of this key? */
bool view_shows(const struct fold_key *key);
/* Did it allocate or release? */
bool view_acted(const struct fold_key *key);
/* The worst rank that tables should show: RANK_USER, or a later one when nothing else is there or
 * `all` is set. */
enum rank view_rank(const struct view *view, bool all);

/* "file.c:12  function", "module.so+0x123", ... for a line of a table; to be freed. */
char *view_place_text(const struct view *view, uint32_t place);
/* "file.c: function", to be freed. */
char *view_function_text(const struct view *view, uint32_t function);
/* Last component of a path. */
const char *path_base(const char *path);

/* Members file, line, function, language, module of a JSON object that is open. */
void view_json_place(const struct view *view, struct json *json, uint32_t place);
void view_json_function(const struct view *view, struct json *json, uint32_t function);
/* The figures of a line or function. */
void view_json_key(struct json *json, const struct fold_key *key);
/* Executions of a line, calls of a function: null where they were not counted. */
void view_json_count(struct json *json, const char *member, const struct fold_key *key);
/* Members that name the process: program, argv, pid. */
void view_json_process(const struct view *view, struct json *json);

/* The periods that --period's argument names: N, or FIRST-LAST; false after a message. */
bool view_periods_parse(const char *text, struct model_periods *periods);
/* --class's argument: names of classes between commas; false after a message. */
bool view_classes_parse(const char *text, struct model_periods *periods);
/* All periods are looked at. */
bool view_whole(const struct view *view);

/* Figures that add up. */
static inline int64_t sums_increment(const struct sums *sums)
{
    return (int64_t)(sums->allocated - sums->released);
}
static inline int64_t sums_live(const struct sums *sums)
{
    return (int64_t)(sums->allocated - sums->freed);
}

#endif
