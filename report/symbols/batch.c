/* SPDX-License-Identifier: MIT */
#include "symbols/batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/threads.h"
#include "symbols/cache.h"

#define WORKERS_MAX THREADS_MAX
/* Each thread opens the file for itself, and may have to unpack all of it. With fewer items than this it does not pay. */
#define WORKER_ITEMS 64u

/* An item that is to be looked up, and where its symbols are. */
struct task {
    uint32_t item, worker, first, count;
    size_t unit;
    struct symbol_call call;
};

struct worker {
    struct crew *crew;
    struct symbols *symbols;
    struct strings strings;
    uint32_t number;
    struct symbol *found;
    size_t found_count, found_cap;
    pthread_t thread;
};

struct crew {
    struct batch *batch;
    struct symbols_wanted wanted; /* for all workers but the first */
    struct task *tasks;           /* by unit */
    size_t count;
    size_t *pieces; /* first task of each unit; one more at the end */
    size_t piece_count;
    atomic_size_t next, done; /* pieces handed out; tasks done */
    struct worker workers[WORKERS_MAX];
    uint32_t worker_count;
};

/* ---- one worker ---- */

static size_t worker_tails(struct worker *worker, const struct batch_item *item,
                           struct symbol found[SYMBOLS_INLINED_MAX])
{
    const char *name = strings_get(worker->crew->batch->names, item->code.name);
    struct symbol_code code = {
        .entry = item->code.entry,
        .name = name ? strings_add(&worker->strings, name, strlen(name)) : 0,
    };
    return symbols_tails(worker->symbols, &code, found);
}

static void worker_task(struct worker *worker, struct task *task)
{
    struct symbol found[SYMBOLS_INLINED_MAX];
    struct batch_item *item = &worker->crew->batch->items[task->item];
    size_t count = worker->crew->batch->tails ? worker_tails(worker, item, found)
                                              : symbols_find(worker->symbols, item->address, found);
    if (!worker->crew->batch->tails)
        symbols_call(worker->symbols, item->address, &task->call);
    worker->found = base_room(worker->found, &worker->found_cap, worker->found_count + count + 1,
                              sizeof *worker->found);
    task->worker = worker->number;
    task->first = (uint32_t)worker->found_count;
    task->count = (uint32_t)count;
    if (count)
        memcpy(worker->found + worker->found_count, found, count * sizeof *found);
    worker->found_count += count;
}

/* The first worker is the caller's thread and shows the progress. */
static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct crew *crew = worker->crew;
    struct batch *batch = crew->batch;
    for (;;) {
        size_t piece = atomic_fetch_add(&crew->next, 1);
        if (piece >= crew->piece_count)
            return NULL;
        if (!worker->symbols)
            worker->symbols = symbols_open(&crew->wanted, &worker->strings);
        for (size_t t = crew->pieces[piece]; t < crew->pieces[piece + 1]; t++) {
            worker_task(worker, &crew->tasks[t]);
            size_t done = atomic_fetch_add(&crew->done, 1) + 1;
            if (!worker->number && batch->progress)
                progress_at(batch->progress, batch->done_before + done);
        }
    }
}

static void worker_join(struct worker *worker)
{
    struct crew *crew = worker->crew;
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (!pthread_timedjoin_np(worker->thread, NULL, &until))
            return;
        progress_at(crew->batch->progress, crew->batch->done_before + atomic_load(&crew->done));
    }
}

/* ---- all of them ---- */

static int task_order(const void *a, const void *b)
{
    const struct task *x = a, *y = b;
    if (x->unit != y->unit)
        return x->unit < y->unit ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static int task_by_item(const void *a, const void *b)
{
    const struct task *x = a, *y = b;
    return x->item < y->item ? -1 : x->item > y->item;
}

static void crew_divide(struct crew *crew)
{
    struct batch *batch = crew->batch;
    crew->tasks = base_alloc(batch->count, sizeof *crew->tasks);
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].known)
            crew->tasks[crew->count++] =
                (struct task){.item = (uint32_t)i,
                              .unit = batch->tails ? 0
                                                   : symbols_unit(crew->workers[0].symbols,
                                                                  batch->items[i].address)};
    qsort(crew->tasks, crew->count, sizeof *crew->tasks, task_order);
    crew->pieces = base_alloc(crew->count + 1, sizeof *crew->pieces);
    for (size_t t = 0; t < crew->count; t++)
        if (!t || crew->tasks[t].unit != crew->tasks[t - 1].unit)
            crew->pieces[crew->piece_count++] = t;
    crew->pieces[crew->piece_count] = crew->count;
}

static void crew_work(struct crew *crew)
{
    size_t count = crew->count / WORKER_ITEMS + 1, most = threads_allowed();
    if (count > crew->piece_count)
        count = crew->piece_count ? crew->piece_count : 1;
    if (count > most)
        count = most;
    for (crew->worker_count = 1; crew->worker_count < count; crew->worker_count++) {
        struct worker *worker = &crew->workers[crew->worker_count];
        worker->crew = crew;
        worker->number = crew->worker_count;
        if (pthread_create(&worker->thread, NULL, worker_run, worker))
            break; /* those that are there do its work */
    }
    worker_run(&crew->workers[0]);
    for (uint32_t w = 1; w < crew->worker_count; w++)
        worker_join(&crew->workers[w]);
}

/* A text of a worker's in the batch's strings. `same` remembers: by the worker's number for it. */
static uint32_t text_moved(const struct worker *worker, struct strings *strings, uint32_t *same,
                           uint32_t id)
{
    const char *text = strings_get(&worker->strings, id);
    if (text && !same[id])
        same[id] = strings_add(strings, text, strlen(text));
    return text ? same[id] : 0;
}

/* In the order of the items, whoever found them. */
static void crew_collect(struct crew *crew)
{
    struct batch *batch = crew->batch;
    uint32_t *same[WORKERS_MAX], *names[WORKERS_MAX];
    for (uint32_t w = 0; w < crew->worker_count; w++) {
        same[w] = base_alloc(crew->workers[w].strings.count + 1, sizeof *same[w]);
        names[w] = base_alloc(crew->workers[w].strings.count + 1, sizeof *names[w]);
    }
    qsort(crew->tasks, crew->count, sizeof *crew->tasks, task_by_item);
    for (size_t t = 0; t < crew->count; t++) {
        const struct task *task = &crew->tasks[t];
        const struct worker *worker = &crew->workers[task->worker];
        struct batch_item *item = &batch->items[task->item];
        batch->symbols = base_room(batch->symbols, &batch->symbol_cap,
                                   batch->symbol_count + task->count + 1, sizeof *batch->symbols);
        item->known = true;
        item->first = (uint32_t)batch->symbol_count;
        item->count = task->count;
        item->call = task->call;
        item->call.self.name =
            text_moved(worker, batch->names, names[task->worker], task->call.self.name);
        item->call.callee.name =
            text_moved(worker, batch->names, names[task->worker], task->call.callee.name);
        for (uint32_t k = 0; k < task->count; k++) {
            struct symbol symbol = worker->found[task->first + k];
            uint32_t *map = same[task->worker];
            symbol.function = text_moved(worker, batch->strings, map, symbol.function);
            symbol.file = text_moved(worker, batch->strings, map, symbol.file);
            batch->symbols[batch->symbol_count++] = symbol;
        }
    }
    for (uint32_t w = 0; w < crew->worker_count; w++) {
        free(same[w]);
        free(names[w]);
    }
}

static void crew_end(struct crew *crew)
{
    for (uint32_t w = 0; w < crew->worker_count; w++) {
        if (crew->workers[w].symbols)
            symbols_close(crew->workers[w].symbols);
        strings_free(&crew->workers[w].strings);
        free(crew->workers[w].found);
    }
    free(crew->tasks);
    free(crew->pieces);
}

/* The module's file is gone or another one: the first worker takes one from elsewhere, if there is one, whose path is returned. */
static char *crew_elsewhere(struct crew *crew, struct cache *cache)
{
    struct symbols_wanted *wanted = &crew->batch->wanted;
    struct worker *first = &crew->workers[0];
    if (!symbols_problem(first->symbols) || !wanted->find)
        return NULL;
    char *path = find_file(wanted->find, wanted->path, wanted->build_id, wanted->build_id_bytes,
                           false, wanted->progress);
    if (!path)
        return NULL;
    const char *before = wanted->path;
    wanted->path = path;
    struct symbols *symbols = symbols_open(wanted, &first->strings);
    if (symbols_problem(symbols)) {
        symbols_close(symbols);
        wanted->path = before;
        free(path);
        return NULL;
    }
    symbols_close(first->symbols);
    first->symbols = symbols;
    cache->file = symbols_file(symbols);
    return path;
}

/* Open the module, or go on with what was opened before. */
static void crew_open(struct crew *crew)
{
    struct batch_kept *kept = crew->batch->kept;
    struct worker *first = &crew->workers[0];
    first->crew = crew;
    if (!kept || !kept->symbols) {
        first->symbols = symbols_open(&crew->batch->wanted, &first->strings);
        return;
    }
    first->symbols = kept->symbols;
    first->strings = kept->strings;
    symbols_strings(first->symbols, &first->strings);
    if (kept->elsewhere)
        crew->batch->wanted.path = kept->elsewhere;
}

/* The first worker's texts stay where its symbols know them to be. */
static void crew_keep(struct crew *crew, char *elsewhere)
{
    struct batch_kept *kept = crew->batch->kept;
    struct worker *first = &crew->workers[0];
    kept->symbols = first->symbols;
    kept->strings = first->strings;
    symbols_strings(kept->symbols, &kept->strings);
    if (elsewhere)
        kept->elsewhere = elsewhere;
    first->symbols = NULL;
    first->strings = (struct strings){0};
}

void batch_kept_free(struct batch_kept *kept)
{
    if (kept->symbols)
        symbols_close(kept->symbols);
    strings_free(&kept->strings);
    free(kept->elsewhere);
    free(kept->path);
    *kept = (struct batch_kept){0};
}

void batch_run(struct batch *batch)
{
    struct crew crew = {.batch = batch, .worker_count = 1};
    struct worker *first = &crew.workers[0];
    char *elsewhere = NULL;
    crew_open(&crew);
    struct cache cache;
    cache_open(&cache, batch, first->symbols);
    size_t cached = cache_take(&cache, batch);
    if (cached < batch->count) {
        elsewhere = crew_elsewhere(&crew, &cache);
        batch->problem = symbols_problem(first->symbols);
        if (!batch->tails) /* which are not in all modules' debug information */
            batch->lines_problem = symbols_lines_problem(first->symbols);
        crew_divide(&crew);
        crew.wanted = batch->wanted;
        crew.wanted.find = NULL;
        crew.wanted.debug = symbols_elsewhere(first->symbols);
        crew_work(&crew);
        crew_collect(&crew);
        cache_store(&cache, batch, first->symbols);
    }
    cache_close(&cache);
    if (batch->kept)
        crew_keep(&crew, elsewhere);
    crew_end(&crew);
    if (!batch->kept)
        free(elsewhere);
}

/* Names are told from entries, whose offsets are smaller, and 1 << 63 alone is the mark of shared ones. */
#define KEY_NAMED ((uint64_t)1 << 62)

uint64_t tails_key(const struct strings *names, const struct symbol_code *code)
{
    const char *name = strings_get(names, code->name);
    if (code->entry || !name)
        return code->entry;
    return KEY_NAMED | map_hash(name, strlen(name)) >> 2;
}

unsigned char *batch_pack(const struct batch *batch, size_t *bytes)
{
    return cache_pack(batch, bytes);
}

bool batch_unpack(struct batch *batch, const void *data, size_t bytes)
{
    return cache_unpack(batch, data, bytes);
}

void batch_free(struct batch *batch)
{
    free(batch->symbols);
    batch->symbols = NULL;
    batch->symbol_count = batch->symbol_cap = 0;
}
