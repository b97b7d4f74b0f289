/* SPDX-License-Identifier: MIT */
#include "page/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/progress.h"
#include "base/text.h"
#include "page/both_columns.h"
#include "page/facts.h"
#include "page/redact.h"
#include "page/sizes.h"
#include "page/tree.h"
#include "show/listing.h"
#include "show/metric.h"
#include "show/name.h"

#define NODES_MOST 2000000u /* rows that a browser can hold in comfort */
#define ROUNDS     8u
/* How hard data are packed. The last per cents of much take longer than all else; and whether a tree fits is seen without them. */
#define LEVEL       9
#define LEVEL_LARGE 6
#define LEVEL_TRIED 4
#define LARGE       ((size_t)1 << 19) /* bytes that are much */
#define LINES_LEAST 300u              /* stay, whatever the budget is */
#define LINES_SHOWN 50u               /* without scripts */
#define SIZED_MOST  3000u             /* rows with the sizes of their allocations */

/* ---- text ---- */

/* Takes no room, or changes what stands beside it. */
static bool hidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0xfeff ||
           (code < 0x10000 && text_harmful(code)) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2060 && code <= 0x2069);
}

void page_text(FILE *out, const char *text)
{
    size_t bytes = strnlen(text, COLUMN_TEXT_MOST), length;
    for (size_t i = 0; i < bytes; i += length) {
        uint32_t code = 0xfffd;
        length = text_decode(text + i, bytes - i, &code);
        if (!length)
            code = 0xfffd;
        length += !length;
        if (hidden(code))
            fprintf(out, code < 0x100 ? "\\x%02" PRIx32 : "\\u%04" PRIx32, code);
        else if (strchr("&<>\"'", (int)(code < 0x80 ? code : 'x')))
            fprintf(out, "&#%" PRIu32 ";", code);
        else if (code == 0xfffd)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(text + i, 1, length, out);
    }
    if (text[bytes])
        fputs("...", out);
}

void page_begin(FILE *out, const char *title)
{
    fputs(page_viewer.head, out);
    page_text(out, title);
    fputs(page_viewer.body, out);
}

static void stream(FILE *out, const char *name, size_t index, const struct bytes *packed)
{
    fprintf(out, "<script type=\"application/octet-stream\" id=\"%s-%zu\">", name, index);
    bytes_base64(packed, out);
    fputs("</script>\n", out);
}

/* ---- a log ---- */

/* What a page shows of a log, or of two sides. */
struct shown {
    struct view *view;
    const struct both *both;   /* NULL: of a log */
    const struct found *found; /* of a log */
    const struct page_options *options;
    const struct whole *whole;
    struct sizes sizes; /* of a log: of all of it */
    struct line_list lines;
};

/* All that is packed of it, with a tree of so many nodes. */
struct made {
    struct bytes text, body;     /* not packed */
    struct bytes facts, columns; /* packed: as hard as they will be, where they are not large */
};

static void columns_of(const struct shown *shown, const struct pruned *pruned,
                       const struct naming *names, struct columns *columns)
{
    struct view *view = shown->view;
    if (shown->both) {
        both_columns(shown->both, &shown->lines, names, shown->options->source, columns);
        return;
    }
    lines_columns(&shown->lines, view, names, columns);
    time_columns(&view->stacks.log, false, columns);
    sizes_columns(&view->stacks, &view->filter, pruned, &shown->sizes, SIZED_MOST, columns);
}

static int level_of(const struct bytes *bytes, int large)
{
    return bytes->count < LARGE ? LEVEL : large;
}

static struct made make(const struct shown *shown, uint32_t nodes, size_t budget)
{
    const struct page_options *options = shown->options;
    struct pruned pruned;
    struct naming names;
    struct columns columns = {0};
    pruned_make(&pruned, shown->whole, nodes, options->least);
    naming_make(&names, &shown->view->stacks, &pruned, shown->lines.places, shown->lines.count);
    naming_columns(&names, &columns, options->redact);
    columns_of(shown, &pruned, &names, &columns);
    struct facts facts = {.view = shown->view,
                          .both = shown->both,
                          .found = shown->found,
                          .options = options,
                          .whole = shown->whole,
                          .pruned = &pruned,
                          .names = &names,
                          .lines = &shown->lines,
                          .columns = &columns};
    facts.told = source_columns(shown->view, &shown->lines, &names, options->source,
                                budget < SOURCE_MOST ? budget : SOURCE_MOST, &columns);
    tree_columns(&pruned, &names, &columns);
    struct made made = {.text = facts_make(&facts), .body = columns.body};
    made.facts = bytes_pack(&made.text, level_of(&made.text, LEVEL_TRIED));
    made.columns = bytes_pack(&made.body, level_of(&made.body, LEVEL_TRIED));
    naming_free(&names);
    pruned_free(&pruned);
    return made;
}

static void made_free(struct made *made)
{
    bytes_free(&made->text);
    bytes_free(&made->body);
    bytes_free(&made->facts);
    bytes_free(&made->columns);
}

/* Pack what is large as hard as it will be. */
static void repack(const struct bytes *bytes, struct bytes *packed)
{
    if (bytes->count < LARGE)
        return;
    bytes_free(packed);
    *packed = bytes_pack(bytes, LEVEL_LARGE);
}

static size_t in_file(const struct made *made)
{
    return (made->facts.count + made->columns.count + 2) / 3 * 4;
}

static void put(FILE *out, struct shown *shown, size_t index, size_t budget)
{
    struct progress progress;
    struct line_list *lines = &shown->lines;
    progress_start(&progress, "folding the stacks", ROUNDS);
    uint32_t nodes = shown->whole->acting < NODES_MOST ? shown->whole->acting : NODES_MOST;
    struct made made = make(shown, nodes, budget);
    for (unsigned round = 1; round < ROUNDS && in_file(&made) > budget && nodes > 100; round++) {
        progress_at(&progress, round);
        /* Names and lines take their part, so that the tree's share is not known: go down by no more than it takes. */
        double ratio = (double)budget / (double)in_file(&made);
        nodes = (uint32_t)((double)nodes * (ratio < 0.1 ? 0.1 : ratio * 0.97));
        made_free(&made);
        /* Where they take most of it, the lines that have least go, too. */
        if (ratio < 0.5 && lines->count > LINES_LEAST) {
            size_t kept = (size_t)((double)lines->count * ratio);
            kept = kept < LINES_LEAST ? LINES_LEAST : kept;
            lines->left_out += lines->count - kept;
            lines->count = kept;
        }
        made = make(shown, nodes, budget);
    }
    repack(&made.text, &made.facts);
    repack(&made.body, &made.columns);
    progress_end(&progress);
    stream(out, "facts", index, &made.facts);
    stream(out, "columns", index, &made.columns);
    made_free(&made);
    line_list_free(lines);
}

void page_log(FILE *out, struct view *view, size_t index, const struct page_options *options,
              size_t budget)
{
    struct whole whole;
    struct found found;
    struct shown shown = {.view = view, .found = &found, .options = options, .whole = &whole};
    shown.sizes = sizes_of_all(&view->stacks, &view->filter);
    line_list_make(&shown.lines, view);
    found_make(&found, view, &shown.lines, options->metric);
    whole_make(&whole, &view->stacks, &view->filter);
    put(out, &shown, index, budget);
    whole_free(&whole);
    found_free(&found);
}

void page_both(FILE *out, struct both *both, const struct page_options *options)
{
    struct shown shown = {
        .view = &both->view, .both = both, .options = options, .whole = &both->whole};
    both_lines(both, options->metric, &shown.lines);
    put(out, &shown, 0, options->budget);
}

void page_family(FILE *out, const struct family *family, const size_t *which, bool redact)
{
    struct bytes text = facts_family(family, which, redact);
    struct bytes packed = bytes_pack(&text, 9);
    stream(out, "family", 0, &packed);
    bytes_free(&packed);
    bytes_free(&text);
}

/* ---- without scripts ---- */

static void cell(FILE *out, const char *text)
{
    fputs("<td>", out);
    page_text(out, text);
    fputs("</td>", out);
}

static void print_line(FILE *out, const struct view *view, uint32_t place, bool redact)
{
    static const enum metric shown[] = {METRIC_PEAK, METRIC_LIVE, METRIC_ALLOCATED,
                                        METRIC_ALLOCATIONS};
    char figure[TEXT_SIZE_BYTES];
    fputs("<tr>", out);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        cell(out, metric_text(figure, shown[i], row_metric(&view->lines.list[place], shown[i])));
    char *name = name_of_place(&view->stacks.frames, place);
    if (redact)
        redact_homes(name);
    fputs("<th scope=\"row\">", out);
    page_text(out, name);
    fputs("</th></tr>\n", out);
    free(name);
}

static void print_totals(FILE *out, const struct view *view)
{
    const struct log_header *h = &view->stacks.log.header;
    const struct sums *total = &view->stacks.model.total;
    char size[3][TEXT_SIZE_BYTES], count[TEXT_COUNT_BYTES];
    fprintf(out,
            "<p>This page needs scripts for its graphs. Here are the first lines.</p>\n"
            "<p>Peak %s; live at the end %s; allocated %s in %s allocation%s.</p>\n",
            text_total(size[0], (int64_t)log_peak(&view->stacks.log)),
            text_total(size[1], (int64_t)h->live), text_total(size[2], (int64_t)total->allocated),
            text_count(count, total->allocations), text_s(total->allocations));
}

void page_end(FILE *out, struct view *view, const struct page_options *options)
{
    size_t count;
    uint32_t *lines =
        lines_by(view, options->metric, rank_shown(&view->stacks, &view->functions, false), &count);
    fputs("<noscript>\n", out);
    print_totals(out, view);
    fputs(
        "<table><caption>Lines, with all that they call</caption>\n<thead><tr><th scope=\"col\">At "
        "peak</th><th scope=\"col\">Live</th><th scope=\"col\">Allocated</th><th "
        "scope=\"col\">Allocations</th><th scope=\"col\">Line</th></tr></thead>\n<tbody>\n",
        out);
    for (size_t i = 0; i < count && i < LINES_SHOWN; i++)
        print_line(out, view, lines[i], options->redact);
    fputs("</tbody></table>\n</noscript>\n", out);
    fputs(page_viewer.script, out);
    free(lines);
}

/* ---- a comparison without scripts ---- */

static int64_t mean(const struct both *both, unsigned side, int64_t sum)
{
    __int128 runs = both->runs[side], half = sum < 0 ? -runs / 2 : runs / 2;
    return (int64_t)((sum + half) / runs);
}

static void change_cells(FILE *out, enum metric metric, int64_t old, int64_t new)
{
    char figure[TEXT_SIZE_BYTES], change[TEXT_SIZE_BYTES + 2];
    int64_t grown = (int64_t)((uint64_t) new - (uint64_t)old);
    snprintf(change, sizeof change, "%s%s", grown > 0 ? "+" : "",
             metric_text(figure, metric, grown));
    cell(out, change);
    cell(out, metric_text(figure, metric, old));
    cell(out, metric_text(figure, metric, new));
}

void page_both_end(FILE *out, const struct both *both, const struct page_options *options)
{
    struct line_list lines;
    unsigned f = 0;
    for (unsigned k = 0; k < PAGE_FIGURES; k++)
        f = page_figures[k] == options->metric ? k : f;
    both_lines(both, options->metric, &lines);
    fprintf(out,
            "<noscript>\n<p>This page needs scripts for its graphs. Here are the first lines.</p>\n"
            "<table><caption>What changed: %s, with all that a line calls</caption>\n"
            "<thead><tr><th scope=\"col\">Change</th><th scope=\"col\">Old</th><th "
            "scope=\"col\">New</th><th scope=\"col\">Line</th></tr></thead>\n<tbody>\n<tr>",
            metric_phrase(options->metric));
    change_cells(out, options->metric, mean(both, SIDE_OLD, both->whole.total[FIGURES_OLD + f][0]),
                 mean(both, SIDE_NEW, both->whole.total[f][0]));
    fputs("<th scope=\"row\">total</th></tr>\n", out);
    for (size_t i = 0; i < lines.count && i < LINES_SHOWN; i++) {
        uint32_t place = lines.places[i];
        char *name = name_of_place(&both->view.stacks.frames, place);
        if (options->redact)
            redact_homes(name);
        fputs("<tr>", out);
        change_cells(out, options->metric,
                     mean(both, SIDE_OLD, both->with_all.sums[SIDE_OLD][f][place]),
                     mean(both, SIDE_NEW, both->with_all.sums[SIDE_NEW][f][place]));
        fputs("<th scope=\"row\">", out);
        page_text(out, name);
        fputs("</th></tr>\n", out);
        free(name);
    }
    fputs("</tbody></table>\n</noscript>\n", out);
    fputs(page_viewer.script, out);
    line_list_free(&lines);
}
