/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "batch.h"
#include "exact.h"
#include "source_log.h"

#define FOLD_APART 4096u /* nodes that are worth a thread */

/* Whether the process that wrote the log is still there: its pid may be another's by now, its start
 * time tells. */
static bool view_running(const struct mt_header *header)
{
    if (header->end != MT_END_UNKNOWN || header->pid <= 0 || !header->start_ticks)
        return false;
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%" PRId32 "/stat", header->pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *at = strrchr(text, ')'); /* the command's name may hold blanks and brackets */
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
        if (field == 2 && at && at[1] == 'Z')
            return false;
    }
    return at && strtoull(at, NULL, 10) == header->start_ticks;
}

static struct fold_key *fold_by(const struct view *view, const uint32_t *key, size_t key_count)
{
    struct fold_tree tree;
    fold_tree_make(&tree, &view->model, &view->frames, key, true);
    struct fold_key *keys = fold_keys(&tree, &view->model, &view->frames, (uint32_t)key_count);
    fold_tree_free(&tree);
    return keys;
}

/* A thread's: writes nothing but view->functions. */
static void *fold_functions(void *argument)
{
    struct view *view = argument;
    const struct frames *frames = &view->frames;
    uint32_t *key = base_alloc(frames->place_count, sizeof *key);
    for (uint32_t p = 0; p < frames->place_count; p++)
        key[p] = frames->places[p].function;
    view->functions = fold_by(view, key, frames->function_count);
    free(key);
    return NULL;
}

/* Lines and functions are added up at the same time, as half of the time of a view of a large log
 * that was seen before is spent here. */
static void view_fold(struct view *view)
{
    const struct frames *frames = &view->frames;
    pthread_t thread;
    bool apart = frames->log->node_count >= FOLD_APART && batch_threads() > 1 &&
                 !pthread_create(&thread, NULL, fold_functions, view);
    uint32_t *key = base_alloc(frames->place_count, sizeof *key);
    for (uint32_t p = 0; p < frames->place_count; p++)
        key[p] = p;
    view->lines = fold_by(view, key, frames->place_count);
    free(key);
    if (apart)
        pthread_join(thread, NULL);
    else
        fold_functions(view);
}

bool view_open_periods(struct view *view, const char *file, struct model_periods periods)
{
    *view = (struct view){.status = STATUS_DONE};
    bool read = log_read(&view->log, file);
    if (read) {
        view->running = view_running(&view->log.header);
        model_make_periods(&view->model, &view->log, periods);
    }
    if (log_say_problems(&view->log))
        view->status = STATUS_BAD;
    if (!read)
        return false;
    frames_make(&view->frames, &view->model);
    struct exact exact;
    exact_make(&exact, &view->frames, periods);
    view_fold(view);
    exact_merge(&exact, &view->frames, view->lines, view->functions);
    exact_free(&exact);
    if (view->log.cwd.bytes)
        view->sources.folder = base_copy(view->log.cwd.text, view->log.cwd.bytes);
    sources_of_log(&view->sources, &view->log);
    return true;
}

bool view_open(struct view *view, const char *file)
{
    return view_open_periods(view, file, MODEL_ALL_PERIODS);
}

void view_close(struct view *view)
{
    free(view->lines);
    free(view->functions);
    frames_free(&view->frames);
    model_free(&view->model);
    sources_free(&view->sources);
    log_close(&view->log);
}

bool view_periods_parse(const char *text, struct model_periods *periods)
{
    int used = 0, count = sscanf(text, "%9" SCNu32 "%n-%9" SCNu32 "%n", &periods->first, &used,
                                 &periods->last, &used);
    if (count == 1)
        periods->last = periods->first;
    if (count >= 1 && !text[used] && text[0] != ' ' && periods->first <= periods->last)
        return true;
    base_say("--period takes a number, or FIRST-LAST, not '%s'", text);
    return false;
}

bool view_classes_parse(const char *text, struct model_periods *periods)
{
    while (*text) {
        size_t length = strcspn(text, ","), c = 0;
        while (c < MT_CLASSES &&
               (strlen(class_names[c]) != length || strncmp(class_names[c], text, length)))
            c++;
        if (c == MT_CLASSES) {
            base_say(
                "--class takes heap, anonymous, shared, file and reserved, several with commas "
                "between them, not '%.*s'",
                (int)length, text);
            return false;
        }
        periods->classes |= 1u << c;
        text += length + (text[length] == ',' && text[length + 1]);
    }
    if (!periods->classes)
        base_say("--class: which one?");
    return periods->classes != 0;
}

bool view_whole(const struct view *view)
{
    return !view->model.periods.first && view->model.periods.last >= view->log.header.period;
}

bool view_acted(const struct fold_key *key)
{
    return key->sums.allocations || key->sums.releases || key->sums.discards;
}

bool view_shows(const struct fold_key *key)
{
    return view_acted(key) || key->exact;
}

enum rank view_rank(const struct view *view, bool all)
{
    if (all)
        return RANK_LIBRARY;
    enum rank best = RANK_LIBRARY;
    for (size_t f = 0; f < view->frames.function_count; f++)
        if (view_shows(&view->functions[f]) && view->frames.functions[f].rank < best)
            best = view->frames.functions[f].rank;
    return best;
}

/* ---- texts ---- */

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = base_copy("", 0);
    va_end(args);
    return text;
}

static char *module_name(const struct view *view, const struct function *function)
{
    struct log_text path = frames_module(&view->frames, function);
    char *whole = base_copy(path.text ? path.text : "", path.bytes);
    char *name = base_copy(path_base(whole), strlen(path_base(whole)));
    free(whole);
    return name;
}

char *view_place_text(const struct view *view, uint32_t place)
{
    const struct place *p = &view->frames.places[place];
    const struct function *function = &view->frames.functions[p->function];
    const char *file = frames_file(&view->frames, function);
    const char *name = frames_name(&view->frames, function);
    if (file && p->line)
        return text_format("%s:%" PRIu32 "  %s", path_base(file), p->line, name ? name : "?");
    char *module = module_name(view, function), *text;
    if (name)
        text = text_format("%s%s%s", name, *module ? "  in " : "", module);
    else
        text = text_format("%s+0x%" PRIx64, *module ? module : "?", p->address);
    free(module);
    return text;
}

char *view_function_text(const struct view *view, uint32_t function)
{
    const struct function *f = &view->frames.functions[function];
    const char *file = frames_file(&view->frames, f);
    const char *name = frames_name(&view->frames, f);
    if (file)
        return text_format("%s: %s", file, name ? name : "?");
    char *module = module_name(view, f);
    char *text = text_format("%s: %s", *module ? module : "?", name ? name : "(no symbols)");
    free(module);
    return text;
}

/* ---- JSON ---- */

void view_json_function(const struct view *view, struct json *json, uint32_t function)
{
    const struct function *f = &view->frames.functions[function];
    struct log_text module = frames_module(&view->frames, f);
    json_string(json, "function", frames_name(&view->frames, f));
    json_string(json, "language", f->language);
    json_text(json, "module", module.bytes ? module.text : NULL, module.bytes);
}

void view_json_place(const struct view *view, struct json *json, uint32_t place)
{
    const struct place *p = &view->frames.places[place];
    const char *file = frames_file(&view->frames, &view->frames.functions[p->function]);
    json_string(json, "file", file);
    if (file && p->line)
        json_unsigned(json, "line", p->line);
    else
        json_null(json, "line");
    view_json_function(view, json, p->function);
    if (p->address)
        json_unsigned(json, "address", p->address);
}

void view_json_key(struct json *json, const struct fold_key *key)
{
    const struct sums *sums = &key->sums;
    if (sums->happened)
        json_unsigned(json, "mem_usage_bytes", sums->level);
    else
        json_null(json, "mem_usage_bytes");
    json_signed(json, "increment_bytes", sums_increment(sums));
    if (key->riseless)
        json_null(json, "rise_bytes");
    else
        json_unsigned(json, "rise_bytes", key->rise);
    json_unsigned(json, "allocated_bytes", sums->allocated);
    json_unsigned(json, "released_bytes", sums->released);
    json_signed(json, "live_bytes", sums_live(sums));
    json_signed(json, "at_peak_bytes", sums->at_peak);
    json_unsigned(json, "discarded_bytes", sums->discarded);
    json_signed(json, "resident_bytes", sums->resident);
    json_unsigned(json, "allocations", sums->allocations);
    json_unsigned(json, "releases", sums->releases);
}

void view_json_count(struct json *json, const char *member, const struct fold_key *key)
{
    if (key->exact)
        json_unsigned(json, member, key->executions);
    else
        json_null(json, member);
}

void view_json_process(const struct view *view, struct json *json)
{
    const struct log *log = &view->log;
    json_text(json, "program", log->exe.bytes ? log->exe.text : NULL, log->exe.bytes);
    json_open(json, "argv", '[');
    for (size_t i = 0; i < log->argv.bytes;) {
        const char *text = log->argv.text + i;
        size_t length = strnlen(text, log->argv.bytes - i);
        json_text(json, NULL, text, length);
        i += length + 1;
    }
    json_close(json, ']');
    json_signed(json, "pid", log->header.pid);
    json_signed(json, "parent_pid", log->header.parent_pid);
}
