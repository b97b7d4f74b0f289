/* SPDX-License-Identifier: MIT
 *
 * Patience: lines that stand once in each text, in the longest sequence that has one order in both, are the same; what is next to
 * them and equal is, too; and between two of them the same again.
 */
#include "compare/align.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/map.h"

struct text {
    uint32_t *ids; /* of lines, by what they say; ids[0] is line 1 */
    uint32_t count;
};

struct aligning {
    struct text old, new;
    uint32_t *to; /* by line of old, from 0: line of new, from 1; 0: none */
    /* By id, cleared after each use: how often it stands in the part, and where. */
    uint32_t *times[2], *at[2];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* A line without blanks at both ends. */
static const char *trimmed(const char *line, size_t *length)
{
    while (*length && is_blank(line[0]))
        line++, --*length;
    while (*length && is_blank(line[*length - 1]))
        --*length;
    return line;
}

/* The next line: from *at on, which it moves. False: there is none. */
static bool next_line(const char *text, size_t bytes, size_t *at, const char **line, size_t *length)
{
    if (*at >= bytes)
        return false;
    const char *end = memchr(text + *at, '\n', bytes - *at);
    *length = end ? (size_t)(end - text) - *at : bytes - *at;
    *line = text + *at;
    *at += *length + 1;
    *line = trimmed(*line, length);
    return true;
}

static struct text read_text(struct strings *strings, const char *text, size_t bytes)
{
    struct text lines = {0};
    const char *line;
    size_t cap = 0, length;
    for (size_t at = 0; next_line(text, bytes, &at, &line, &length);) {
        lines.ids = base_room(lines.ids, &cap, lines.count + (size_t)1, sizeof *lines.ids);
        lines.ids[lines.count++] = strings_add(strings, line, length);
    }
    return lines;
}

/* ---- lines that stand once in each part ---- */

struct pair {
    uint32_t old, new; /* lines from 0 */
    uint32_t before;   /* of the sequence: its index + 1 */
};

/* The pairs of the longest sequence that rises in both, of pairs that rise in `old`: they are moved to the front. */
static size_t longest(struct pair *pairs, size_t count)
{
    uint32_t *ends =
        base_alloc(count + 1, sizeof *ends); /* by length - 1: the pair with the least new */
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t low = 0, high = length;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (pairs[ends[middle]].new < pairs[i].new)
                low = middle + 1;
            else
                high = middle;
        }
        pairs[i].before = low ? ends[low - 1] + 1 : 0;
        ends[low] = (uint32_t)i;
        length = low == length ? length + 1 : length;
    }
    struct pair *found = base_alloc(length + 1, sizeof *found);
    uint32_t at = length ? ends[length - 1] + 1 : 0;
    for (size_t i = length; i-- > 0; at = pairs[at - 1].before)
        found[i] = pairs[at - 1];
    memcpy(pairs, found, length * sizeof *found);
    free(found);
    free(ends);
    return length;
}

static void count_part(struct aligning *a, int side, const struct text *text, uint32_t from,
                       uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        a->times[side][text->ids[i]]++;
        a->at[side][text->ids[i]] = i;
    }
}

static void forget_part(struct aligning *a, int side, const struct text *text, uint32_t from,
                        uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        a->times[side][text->ids[i]] = 0;
}

static void align_part(struct aligning *a, uint32_t old, uint32_t old_end, uint32_t new,
                       uint32_t new_end, unsigned depth)
{
    while (old < old_end && new < new_end && a->old.ids[old] == a->new.ids[new])
        a->to[old++] = ++new;
    while (old < old_end && new < new_end && a->old.ids[old_end - 1] == a->new.ids[new_end - 1])
        a->to[--old_end] = new_end--;
    if (old == old_end || new == new_end || !depth)
        return;
    struct pair *pairs = base_alloc(old_end - old, sizeof *pairs);
    size_t count = 0;
    count_part(a, 0, &a->old, old, old_end);
    count_part(a, 1, &a->new, new, new_end);
    for (uint32_t i = old; i < old_end; i++) {
        uint32_t id = a->old.ids[i];
        if (a->times[0][id] == 1 && a->times[1][id] == 1)
            pairs[count++] = (struct pair){.old = i, .new = a->at[1][id]};
    }
    forget_part(a, 0, &a->old, old, old_end);
    forget_part(a, 1, &a->new, new, new_end);
    count = longest(pairs, count);
    for (size_t i = 0; count && i <= count; i++) {
        uint32_t next_old = i < count ? pairs[i].old : old_end;
        uint32_t next_new = i < count ? pairs[i].new : new_end;
        align_part(a, old, next_old, new, next_new, depth - 1);
        if (i < count)
            a->to[next_old] = next_new + 1;
        old = next_old + 1;
        new = next_new + 1;
    }
    free(pairs);
}

/* ---- edited lines: between two lines that are the same, those that are alike, in one order ---- */

/* Least share of pairs of letters that both lines have, of 1,000; and where one line stands between the same lines as one other. */
#define ALIKE     600u
#define ALIKE_ONE 400u
#define LETTERS   2048u

/* Which pairs of letters follow each other in the line, as bits; their number. */
static unsigned letters_of(const char *line, uint64_t bits[LETTERS / 64])
{
    unsigned count = 0;
    memset(bits, 0, LETTERS / 8);
    for (; line[0] && line[1]; line++) {
        unsigned bit = ((unsigned char)line[0] * 31u ^ (unsigned char)line[1] * 257u) % LETTERS;
        count += !(bits[bit / 64] >> bit % 64 & 1u);
        bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return count;
}

/* How alike two lines are, up to 1,000; 0: less than `least`. */
static uint32_t likeness(const char *a, const char *b, uint32_t least)
{
    uint64_t x[LETTERS / 64], y[LETTERS / 64];
    unsigned all = letters_of(a, x) + letters_of(b, y), both = 0;
    for (unsigned i = 0; i < LETTERS / 64; i++)
        both += (unsigned)__builtin_popcountll(x[i] & y[i]);
    uint32_t share = all ? 2000u * both / all : 0;
    return share >= least ? share : 0;
}

void align_alike(const struct strings *strings, const uint32_t *old, uint32_t olds,
                 const uint32_t *new, uint32_t news, uint32_t *to)
{
    memset(to, 0, olds * sizeof *to);
    if (!olds || !news || olds > ALIKE_LINES || news > ALIKE_LINES)
        return;
    size_t width = news + (size_t)1;
    uint32_t least = olds == 1 && news == 1 ? ALIKE_ONE : ALIKE;
    /* best[i][j]: of what comes from line i of the old ones and j of the new ones on. */
    uint32_t *best = base_alloc((olds + (size_t)1) * width, sizeof *best);
    uint32_t *pairs = base_alloc(olds * width, sizeof *pairs);
    for (uint32_t i = olds; i-- > 0;)
        for (uint32_t j = news; j-- > 0;) {
            uint32_t skip = best[(i + 1) * width + j], other = best[i * width + j + 1];
            pairs[i * width + j] =
                likeness(strings_get(strings, old[i]), strings_get(strings, new[j]), least);
            uint32_t with = best[(i + 1) * width + j + 1] + pairs[i * width + j];
            uint32_t most = skip > other ? skip : other;
            best[i * width + j] = with > most ? with : most;
        }
    for (uint32_t i = 0, j = 0; i < olds && j < news;) {
        uint32_t here = best[i * width + j], pair = pairs[i * width + j];
        if (pair && here == best[(i + 1) * width + j + 1] + pair)
            to[i++] = ++j;
        else if (here == best[(i + 1) * width + j])
            i++;
        else
            j++;
    }
    free(best);
    free(pairs);
}

static void find_edited(const struct aligning *a, const struct strings *strings,
                        struct aligned *aligned)
{
    uint32_t before = 0; /* lines of new up to here are told */
    for (uint32_t i = 0; i < a->old.count;) {
        uint32_t end = i;
        while (end < a->old.count && !a->to[end])
            end++;
        uint32_t next = end < a->old.count ? a->to[end] - 1 : a->new.count;
        align_alike(strings, a->old.ids + i, end - i, a->new.ids + before, next - before,
                    aligned->lines + i + 1);
        for (uint32_t k = i; k < end; k++) {
            uint32_t *line = &aligned->lines[k + 1];
            *line += *line ? before : 0;
            aligned->edited[k + 1] = /* else one of several that say the same */
                *line && a->old.ids[k] != a->new.ids[*line - 1];
        }
        for (i = end; i < a->old.count && a->to[i]; i++)
            before = a->to[i];
    }
}

void align(struct aligned *aligned, struct strings *strings, const char *old, size_t old_bytes,
           const char *new, size_t new_bytes)
{
    struct aligning a = {0};
    a.old = read_text(strings, old, old_bytes);
    a.new = read_text(strings, new, new_bytes);
    a.to = base_alloc(a.old.count + (size_t)1, sizeof *a.to);
    for (int side = 0; side < 2; side++) {
        a.times[side] = base_alloc(strings->count + 1, sizeof *a.times[side]);
        a.at[side] = base_alloc(strings->count + 1, sizeof *a.at[side]);
    }
    align_part(&a, 0, a.old.count, 0, a.new.count, ALIGN_DEPTH);
    *aligned =
        (struct aligned){.count = a.old.count,
                         .lines = base_alloc(a.old.count + (size_t)1, sizeof *aligned->lines),
                         .edited = base_alloc(a.old.count + (size_t)1, 1),
                         .says = {a.old.ids, a.new.ids},
                         .says_count = {a.old.count, a.new.count}};
    memcpy(aligned->lines + 1, a.to, a.old.count * sizeof *a.to);
    find_edited(&a, strings, aligned);
    for (int side = 0; side < 2; side++) {
        free(a.times[side]);
        free(a.at[side]);
    }
    free(a.to);
}

void aligned_free(struct aligned *aligned)
{
    free(aligned->lines);
    free(aligned->edited);
    free(aligned->says[0]);
    free(aligned->says[1]);
    *aligned = (struct aligned){0};
}
