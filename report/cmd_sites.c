/* SPDX-License-Identifier: MIT
 *
 * memtrace sites: what each call site allocated, with its stack.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "table.h"
#include "verbs.h"
#include "view.h"

const char verb_sites_help[] =
    "usage: memtrace sites [--all] [-n N] [--sort KEY] [--json] LOG\n\n"
    "The N call sites (20; 0: all) that hold most at the peak, each with its stack, innermost "
    "first.\n\n"
    "  -a, --all        libraries' frames too, not only the innermost and your own\n"
    "  -n, --top N      how many\n"
    "      --sort KEY   peak (held at the process's peak), live, allocated, rise or allocations\n"
    "      --period N[-M]  what happened in these periods of the process\n"
    "      --json       as JSON (SCHEMA.md)\n\n"
    "example:\n"
    "  memtrace sites -n 5 --sort live memtrace.python3.4711.mt\n";

/* Leaves of the same resolved stack and class, of whatever thread. */
struct site {
    uint32_t entry; /* in the tree of places */
    uint32_t class;
    struct sums sums;
    uint64_t rise;
};

struct sites {
    struct fold_tree tree;
    struct site *list;
    size_t count, cap;
};

static const char *const class_names[MT_CLASSES] = {"heap", "anonymous", "file", "reserved"};

static void sites_make(struct sites *sites, const struct view *view)
{
    const struct frames *frames = &view->frames;
    uint32_t *key = base_alloc(frames->place_count, sizeof *key);
    for (uint32_t p = 0; p < frames->place_count; p++)
        key[p] = p;
    *sites = (struct sites){0};
    fold_tree_make(&sites->tree, &view->model, frames, key, false);
    free(key);
    struct map index = {0};
    for (size_t i = 0; i < view->model.entry_count; i++) {
        const struct model_entry *entry = &view->model.entries[i];
        const struct sums *sums = &entry->sums;
        if (!sums->allocations && !sums->releases && !sums->frees)
            continue; /* only a reading of the resident set */
        uint32_t at = sites->tree.of_node[entry->node];
        uint32_t *found = map_at(&index, (uint64_t)at << 2 | entry->class);
        if (!*found) {
            sites->list =
                base_room(sites->list, &sites->cap, sites->count + 1, sizeof *sites->list);
            sites->list[sites->count++] = (struct site){.entry = at, .class = entry->class};
            *found = (uint32_t)sites->count;
        }
        struct site *site = &sites->list[*found - 1];
        sums_add(&site->sums, sums);
        const struct model_run *run = &view->model.nodes[entry->node].run;
        if (run->len && run->rise > 0 && (uint64_t)run->rise > site->rise)
            site->rise = (uint64_t)run->rise;
    }
    map_free(&index);
}

static uint64_t key_peak(const struct site *site)
{
    return site->sums.at_peak > 0 ? (uint64_t)site->sums.at_peak : 0;
}
static uint64_t key_live(const struct site *site)
{
    int64_t live = sums_live(&site->sums);
    return live > 0 ? (uint64_t)live : 0;
}
static uint64_t key_allocated(const struct site *site)
{
    return site->sums.allocated;
}
static uint64_t key_rise(const struct site *site)
{
    return site->rise;
}
static uint64_t key_allocations(const struct site *site)
{
    return site->sums.allocations;
}

typedef uint64_t site_key(const struct site *site);
static const struct {
    const char *name;
    site_key *key;
} sort_keys[] = {{"peak", key_peak},
                 {"live", key_live},
                 {"allocated", key_allocated},
                 {"rise", key_rise},
                 {"allocations", key_allocations}};

static int site_order(const void *a, const void *b, void *context)
{
    site_key *const *key = context;
    const struct site *x = a, *y = b;
    uint64_t p = (*key)(x), q = (*key)(y);
    if (p != q)
        return p > q ? -1 : 1;
    if (x->sums.allocated != y->sums.allocated)
        return x->sums.allocated > y->sums.allocated ? -1 : 1;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

/* ---- output ---- */

static void print_frame(const struct view *view, uint32_t place)
{
    char *text = view_place_text(view, place);
    size_t cut = terminal_cut();
    fputs("       ", stdout);
    text_put(stdout, text, strlen(text), cut == SIZE_MAX ? cut : cut > 27 ? cut - 7 : 20);
    putchar('\n');
    free(text);
}

static enum rank entry_rank(const struct view *view, const struct sites *sites, uint32_t entry)
{
    const struct place *place = &view->frames.places[sites->tree.key[entry]];
    return view->frames.functions[place->function].rank;
}

/* The innermost frame and the user's own; libraries' frames between them are counted, unless all
 * are asked for or there are no others. */
static void print_stack(const struct view *view, const struct sites *sites, const struct site *site,
                        bool all)
{
    enum rank best = RANK_LIBRARY;
    size_t hidden = 0;
    if (!site->entry)
        puts("       (call sites that are not known: the log was full)");
    for (uint32_t at = site->entry; at && !all; at = sites->tree.parent[at])
        if (entry_rank(view, sites, at) < best)
            best = entry_rank(view, sites, at);
    for (uint32_t at = site->entry; at; at = sites->tree.parent[at]) {
        if (at != site->entry && entry_rank(view, sites, at) > best) {
            hidden++;
            continue;
        }
        if (hidden)
            printf("       ... %zu more of libraries\n", hidden);
        hidden = 0;
        print_frame(view, sites->tree.key[at]);
    }
    if (hidden)
        printf("       ... %zu more of libraries\n", hidden);
}

static void print_site(const struct view *view, const struct sites *sites, const struct site *site,
                       size_t number, bool all)
{
    char peak[TABLE_MIB_BYTES], live[TABLE_MIB_BYTES], allocated[TABLE_MIB_BYTES];
    char rise[TABLE_MIB_BYTES], count[TEXT_COUNT_BYTES], frees[TEXT_COUNT_BYTES];
    char freed[TABLE_MIB_BYTES], released[TABLE_MIB_BYTES];
    printf("%s%3zu. %s held at the peak%s", terminal_on(STYLE_TITLE), number,
           table_amount(peak, site->sums.at_peak), terminal_off(STYLE_TITLE));
    if (view->log.header.peak)
        printf(" (%.1f %%)", 100.0 * (double)site->sums.at_peak / (double)view->log.header.peak);
    printf(", %s live, rise %s%s%s\n", table_amount(live, sums_live(&site->sums)),
           table_amount(rise, (int64_t)site->rise), site->class == MT_HEAP ? "" : ", ",
           site->class == MT_HEAP ? "" : class_names[site->class]);
    printf("     %s allocated in %s allocations, of which %s freed in %s",
           table_amount(allocated, (int64_t)site->sums.allocated),
           text_count(count, site->sums.allocations),
           table_amount(freed, (int64_t)site->sums.freed), text_count(frees, site->sums.frees));
    if (site->sums.releases)
        printf("; %s released here in %s", table_amount(released, (int64_t)site->sums.released),
               text_count(count, site->sums.releases));
    putchar('\n');
    print_stack(view, sites, site, all);
    putchar('\n');
}

static void json_site(const struct view *view, const struct sites *sites, const struct site *site,
                      struct json *json)
{
    const struct sums *sums = &site->sums;
    json_open(json, NULL, '{');
    json_string(json, "class", class_names[site->class]);
    json_unsigned(json, "allocated_bytes", sums->allocated);
    json_unsigned(json, "freed_bytes", sums->freed);
    json_signed(json, "live_bytes", sums_live(sums));
    json_unsigned(json, "live_peak_bytes", sums->live_peak);
    json_signed(json, "at_peak_bytes", sums->at_peak);
    json_unsigned(json, "released_bytes", sums->released);
    json_unsigned(json, "rise_bytes", site->rise);
    json_signed(json, "resident_bytes", sums->resident);
    json_unsigned(json, "allocations", sums->allocations);
    json_unsigned(json, "frees", sums->frees);
    json_unsigned(json, "releases", sums->releases);
    json_open(json, "stack", '[');
    for (uint32_t at = site->entry; at; at = sites->tree.parent[at]) {
        json_open(json, NULL, '{');
        view_json_place(view, json, sites->tree.key[at]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static int sites_one(const char *file, size_t top, site_key *key, bool as_json, bool all,
                     struct model_periods periods)
{
    struct view view;
    if (view_open_periods(&view, file, periods)) {
        struct sites sites;
        sites_make(&sites, &view);
        if (sites.count)
            qsort_r(sites.list, sites.count, sizeof *sites.list, site_order, &key);
        size_t shown = top && top < sites.count ? top : sites.count;
        struct json json = {.out = stdout};
        if (as_json) {
            json_open(&json, NULL, '{');
            json_string(&json, "schema", "memtrace-sites/1");
            view_json_process(&view, &json);
            json_unsigned(&json, "peak_bytes", log_peak(&view.log));
            json_unsigned(&json, "site_count", sites.count);
            json_open(&json, "sites", '[');
        }
        for (size_t i = 0; i < shown; i++) {
            if (as_json)
                json_site(&view, &sites, &sites.list[i], &json);
            else
                print_site(&view, &sites, &sites.list[i], i + 1, all);
        }
        if (as_json) {
            json_close(&json, ']');
            json_close(&json, '}');
        } else if (shown < sites.count) {
            printf("%zu more sites; -n 0 shows all.\n", sites.count - shown);
        }
        fold_tree_free(&sites.tree);
        free(sites.list);
    }
    int status = view.status;
    view_close(&view);
    return status;
}

int verb_sites(int argc, char **argv)
{
    static const struct option longs[] = {
        {"all", no_argument, NULL, 'a'},          {"top", required_argument, NULL, 'n'},
        {"sort", required_argument, NULL, 's'},   {"json", no_argument, NULL, 'j'},
        {"period", required_argument, NULL, 'P'}, {NULL, 0, NULL, 0}};
    long top = 20;
    struct model_periods periods = MODEL_ALL_PERIODS;
    bool as_json = false, all = false;
    site_key *key = key_peak;
    int option;
    while ((option = getopt_long(argc, argv, "an:", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            if ((top = verb_number("-n", optarg, 1000000000)) < 0)
                return STATUS_BAD;
            break;
        case 'a':
            all = true;
            break;
        case 's':
            key = NULL;
            for (size_t i = 0; i < sizeof sort_keys / sizeof sort_keys[0]; i++)
                if (!strcmp(sort_keys[i].name, optarg))
                    key = sort_keys[i].key;
            if (!key) {
                base_say("sites: --sort takes peak, live, allocated, rise or allocations, not '%s'",
                         optarg);
                return STATUS_BAD;
            }
            break;
        case 'P':
            if (!view_periods_parse(optarg, &periods))
                return STATUS_BAD;
            break;
        case 'j':
            as_json = true;
            break;
        default:
            return verb_usage("sites");
        }
    }
    if (optind + 1 != argc) {
        base_say(optind == argc ? "sites: which log?" : "sites: one log at a time");
        return verb_usage("sites");
    }
    return sites_one(argv[optind], (size_t)top, key, as_json, all, periods);
}
