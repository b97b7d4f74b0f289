/* SPDX-License-Identifier: MIT
 *
 * The reader with sound, cut and damaged logs: cursor.c, reader.c, records.c, model.c, and what
 * follows on what they let through. Meant to run under ASan and UBSan too.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/fold/fold.h"
#include "../../report/read/cursor.h"
#include "../../report/read/reader.h"
#include "log_builder.h"

/* A log with something of each kind, of Python frames only: no files are opened for those. */
static unsigned char *sample(size_t *bytes, bool scatter)
{
    struct builder b;
    builder_start(&b);
    b.scatter = scatter;
    builder_process(&b, "/usr/bin/python3", "/home/u", "python3\0a.py", sizeof "python3\0a.py");
    builder_note(&b, "a note");
    uint32_t root = builder_thread(&b, "main"), code = builder_code(&b, "/home/u/a.py", "f", 1);
    struct mt_alloc alloc = {.allocs = 1, .allocated = 100, .gone = 40, .gone_count = 1, .last = 9};
    struct mt_release release = {.releases = 1, .released = 40, .last = 10};
    struct mt_discard discard = {.discards = 1, .discarded = 4096, .last = 11};
    uint32_t node = root;
    for (uint32_t i = 0; i < 200; i++) {
        node =
            builder_node(&b, i % 20 ? node : root, builder_frame(&b, MT_FRAME_PYTHON, code, i + 1));
        builder_counter(&b, node, MT_KIND_ALLOC + i % MT_CLASSES, &alloc);
        builder_counter(&b, node, MT_KIND_RELEASE + i % MT_CLASSES, &release);
        builder_counter(&b, node, MT_KIND_DISCARD, &discard);
    }
    builder_node_at(&b, node)->rise = 5;
    struct mt_stretch stretch = {.parent = builder_node_at(&b, node)->parent, .count = 1};
    builder_stretch(&b, &stretch, &node, (uint64_t[]){4});
    struct mt_run run = {.begin = 1,
                         .max = 5,
                         .node = node,
                         .first = builder_node_at(&b, node)->parent,
                         .depth = 19,
                         .frames = 2};
    struct mt_thread_entry *thread = builder_thread_entry(&b, 1);
    thread->runs = builder_run(&b, &run);
    thread->runs_cap = thread->runs_used = 1;
    thread->leaf = node;
    thread->events = 20;
    unsigned char *file = builder_file(&b, bytes);
    builder_end(&b);
    return file;
}

/* All that is done with a log before something is shown. Returns whether it was a log. */
static bool digest(struct stacks *stacks, const void *data, size_t bytes)
{
    *stacks = (struct stacks){0};
    if (!log_parse(&stacks->log, "test", data, bytes))
        return false;
    stacks_make(stacks, ALL_PERIODS);
    for (unsigned by = 0; by < GROUPINGS; by++) {
        struct query query = {.by = (enum grouping)by, .metrics = (1u << METRICS) - 1};
        struct rows rows;
        fold(stacks, &query, &rows);
        rows_free(&rows);
    }
    return true;
}

Test(cursor, reads_to_the_end_and_fails_once)
{
    struct cursor in;
    const char data[] = {1, 2, 3, 4, 5};
    uint32_t word = 7;
    cursor_open(&in, data, sizeof data);
    cr_expect(cursor_read(&in, &word, 4, "first"));
    cr_expect_null(in.failure);
    cr_expect_not(cursor_read(&in, &word, 4, "second"));
    cr_expect_eq(word, 0);
    cr_expect_str_eq(in.failure, "second");
    cr_expect_eq(in.failed_at, 4);
    cr_expect_null(cursor_bytes(&in, 1, "third"), "no read succeeds after a failure");
    cr_expect_str_eq(in.failure, "second");
    cursor_open(&in, data, sizeof data);
    cr_expect_not_null(cursor_bytes(&in, 1, "one"));
    cr_expect_null(cursor_bytes(&in, SIZE_MAX, "much"), "the sum would wrap");
    cursor_open(&in, data, sizeof data);
    cr_expect_not_null(cursor_bytes(&in, 5, "all"));
}

Test(reader, reads_a_sound_log)
{
    for (int scatter = 0; scatter < 2; scatter++) {
        struct stacks stacks;
        size_t bytes;
        unsigned char *file = sample(&bytes, scatter);
        cr_assert(digest(&stacks, file, bytes));
        cr_expect_eq(stacks.log.problem_count, 0, "%s", stacks.log.problems[0].reason);
        cr_expect_not(stacks.log.truncated);
        cr_expect_eq(stacks.model.node_count, 202);
        cr_expect_eq(stacks.model.total.allocated, 120 * 100);
        cr_expect_eq(stacks.model.total.released, 120 * 40);
        cr_expect_eq(stacks.model.total.discarded, 200 * 4096);
        cr_expect_eq(stacks.model.total.discards, 200);
        cr_expect_eq(stacks.model.classes[MT_RESERVED].gone_count, 40);
        cr_expect_eq(stacks.log.argv.bytes, sizeof "python3\0a.py");
        cr_expect_eq(stacks.log.note_count, 1);
        cr_expect_eq(stacks.log.codes[1].first_line, 1);
        cr_expect_eq(stacks.log.codes[1].file.bytes, strlen("/home/u/a.py"));
        stacks_close(&stacks);
        free(file);
    }
}

/* Entries that stand for "none" are counted as used before a region has any space. */
Test(reader, reads_a_log_without_events)
{
    struct stacks stacks;
    size_t bytes;
    unsigned char *file = sample(&bytes, false);
    struct mt_header *header = (struct mt_header *)(void *)file;
    memset(header->extents, 0, sizeof header->extents);
    header->extents_used = 0;
    header->file_bytes = sizeof *header;
    for (unsigned r = 0; r < MT_REGION_USED; r++)
        header->used[r] = r == MT_REGION_COUNTER ? 2 : 1;
    cr_assert(digest(&stacks, file, sizeof *header));
    cr_expect_eq(stacks.log.problem_count, 0, "%s", stacks.log.problems[0].reason);
    cr_expect_eq(stacks.model.node_count, 0);
    cr_expect_eq(stacks.model.total.allocations, 0);
    stacks_close(&stacks);
    free(file);
}

/* ---- what is refused, with place and reason ---- */

static void refused(const void *data, size_t bytes, uint64_t offset, const char *reason)
{
    struct log log;
    cr_expect_not(log_parse(&log, "test", data, bytes), "%s", reason);
    cr_expect_geq(log.problem_count, 1);
    cr_expect_eq(log.problems[0].offset, offset, "%s", reason);
    cr_expect_not_null(strstr(log.problems[0].reason, reason), "'%s', not '%s'",
                       log.problems[0].reason, reason);
    log_close(&log);
}

Test(reader, refuses_what_is_no_log)
{
    size_t bytes;
    unsigned char *file = sample(&bytes, false);
    refused(file, 0, 0, "the file is empty");
    refused("memtrac", 7, 0, "not a memtrace log (magic 6d 65 6d 74 72 61 63)");
    refused("\177ELF and so on", 12, 0, "not a memtrace log (magic 7f 45 4c 46");
    refused(file, 8, 8, "ends inside the header");
    refused(file, 8191, 8191, "ends inside the header (8191 of 8192 bytes)");
    struct mt_header *header = (struct mt_header *)(void *)file;
    header->version = MT_VERSION + 1;
    refused(file, bytes, 8, "is unknown");
    header->version = MT_VERSION;
    header->byte_order = 0x04030201;
    refused(file, bytes, 16, "byte order");
    header->byte_order = MT_BYTE_ORDER;
    header->header_bytes = 4096;
    refused(file, bytes, 12, "header of 4096 bytes");
    header->header_bytes = MT_HEADER_BYTES;
    header->extents[1].offset = header->extents[0].offset;
    refused(file, bytes, 1024, "overlap");
    free(file);
}

/* ---- what is left out, with a problem, while the rest is read ---- */

struct damage {
    unsigned char *file;
    size_t bytes;
    struct stacks stacks;
};

static struct mt_header *damage_start(struct damage *d)
{
    d->file = sample(&d->bytes, false);
    return (struct mt_header *)(void *)d->file;
}

static void *entry(struct damage *d, unsigned region, size_t at)
{
    struct mt_header *header = (struct mt_header *)(void *)d->file;
    for (uint32_t i = 0; i < header->extents_used; i++)
        if (header->extents[i].region == region)
            return d->file + header->extents[i].offset + at;
    cr_assert_fail("no region %u", region);
    return NULL;
}

static void damage_expect(struct damage *d, const void *place, const char *reason)
{
    cr_assert(digest(&d->stacks, d->file, d->bytes));
    cr_expect_geq(d->stacks.log.problem_count, 1, "%s", reason);
    cr_expect_not_null(strstr(d->stacks.log.problems[0].reason, reason), "'%s', not '%s'",
                       d->stacks.log.problems[0].reason, reason);
    cr_expect_eq(d->stacks.log.problems[0].offset,
                 (uint64_t)((const unsigned char *)place - d->file), "%s", reason);
    stacks_close(&d->stacks);
    free(d->file);
}

Test(reader, a_parent_that_comes_later)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    node->parent = 5;
    damage_expect(&d, node, "node 5 has parent 5");
}

Test(reader, a_frame_that_is_not_there)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    node->frame = 100000;
    damage_expect(&d, node, "node 5 has frame 100000");
}

Test(reader, counters_that_are_not_there)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    node->counters = 100000;
    damage_expect(&d, node, "node 5 has counters at 100000");
}

Test(reader, a_chain_that_bites_its_tail)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    uint32_t *link = entry(&d, MT_REGION_COUNTER, (size_t)node->counters * MT_UNIT);
    *link = MT_LINK_KIND(*link) | node->counters << 4;
    damage_expect(&d, link, "belongs to two nodes or is cut");
}

Test(reader, two_nodes_with_one_chain)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    node[1].counters = node[0].counters;
    damage_expect(&d, entry(&d, MT_REGION_COUNTER, (size_t)node->counters * MT_UNIT),
                  "belongs to two nodes");
}

Test(reader, a_counter_of_no_kind)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    uint32_t *link = entry(&d, MT_REGION_COUNTER, (size_t)node->counters * MT_UNIT);
    *link = MT_KIND_SIZES;
    damage_expect(&d, link, "unknown kind 14"); /* where no sizes are counted */
}

/* The last node's record of allocations, and one for a small one in front of it that has moved there. */
static struct mt_small *moved(struct damage *d)
{
    struct builder b;
    builder_start(&b);
    uint32_t root = builder_thread(&b, "main");
    builder_counter(&b, root, MT_KIND_ALLOC, &(struct mt_alloc){.allocs = 3, .allocated = 300});
    builder_counter(&b, root, MT_KIND_SMALL,
                    &(struct mt_small){.gone = MT_SMALL_MOVED, .allocated = 9, .allocs = 9});
    size_t unit = builder_node_at(&b, root)->counters;
    d->file = builder_file(&b, &d->bytes);
    builder_end(&b);
    return entry(d, MT_REGION_COUNTER, unit * MT_UNIT);
}

Test(reader, a_small_record_that_has_moved)
{
    struct damage d;
    moved(&d);
    cr_assert(digest(&d.stacks, d.file, d.bytes));
    cr_expect_eq(d.stacks.log.problem_count, 0);
    cr_expect_eq(d.stacks.model.total.allocations, 3);
    cr_expect_eq(d.stacks.model.total.allocated, 300);
    stacks_close(&d.stacks);
    free(d.file);
}

Test(reader, a_small_record_that_moved_to_nowhere)
{
    struct damage d;
    struct mt_small *small = moved(&d);
    small->link = MT_KIND_SMALL;
    damage_expect(&d, small, "has moved to nowhere");
}

Test(reader, a_small_record_that_moved_to_itself)
{
    struct damage d;
    struct mt_small *small = moved(&d);
    small->link =
        (uint32_t)((unsigned char *)small - (unsigned char *)entry(&d, MT_REGION_COUNTER, 0)) /
                MT_UNIT
            << 4 |
        MT_KIND_SMALL;
    damage_expect(&d, small, "belongs to two nodes");
}

Test(reader, a_small_record_that_moved_out_of_the_region)
{
    struct damage d;
    struct mt_small *small = moved(&d);
    small->link = 100000u << 4 | MT_KIND_SMALL;
    damage_expect(&d, entry(&d, MT_REGION_NODE, sizeof(struct mt_node)),
                  "node 1 has counters at 100000");
}

Test(reader, a_small_record_that_moved_to_another_kind)
{
    struct damage d;
    struct mt_small *small = moved(&d);
    uint32_t *large = entry(&d, MT_REGION_COUNTER, (size_t)MT_LINK_NEXT(small->link) * MT_UNIT);
    *large = MT_KIND_RELEASE;
    damage_expect(&d, large, "that is not of its kind");
    small = moved(&d);
    large = entry(&d, MT_REGION_COUNTER, (size_t)MT_LINK_NEXT(small->link) * MT_UNIT);
    *large = 0;
    damage_expect(&d, large, "that is not of its kind");
}

Test(reader, a_rise_that_is_in_no_record)
{
    struct damage d;
    damage_start(&d);
    struct mt_node *node = entry(&d, MT_REGION_NODE, 5 * sizeof(struct mt_node));
    node->rise = MT_RISE_HIGH;
    damage_expect(&d, node, "node 5 has no record of how high it rose");
}

Test(reader, a_rise_beyond_four_gigabytes)
{
    struct builder b;
    struct stacks stacks;
    size_t bytes;
    builder_start(&b);
    uint32_t root = builder_thread(&b, "main");
    uint32_t inner = builder_node(&b, root, builder_frame(&b, MT_FRAME_CUT, 0, 1));
    builder_rise(&b, root, (uint64_t)5 << 32, 7);
    builder_rise(&b, inner, (uint64_t)5 << 32, (uint64_t)4 << 32);
    unsigned char *file = builder_file(&b, &bytes);
    builder_end(&b);
    cr_assert(digest(&stacks, file, bytes));
    cr_expect_eq(stacks.log.problem_count, 0);
    cr_expect_eq(stacks.model.runs.of_node[root].rise, (uint64_t)5 << 32);
    cr_expect_eq(stacks.model.runs.of_node[root].alone, 7);
    cr_expect_eq(stacks.model.runs.of_node[inner].rise, (uint64_t)5 << 32);
    cr_expect_eq(stacks.model.runs.of_node[inner].alone, (uint64_t)4 << 32);
    stacks_close(&stacks);
    free(file);
}

Test(reader, open_runs_that_are_not_there)
{
    struct damage d;
    damage_start(&d);
    struct mt_thread_entry *thread = entry(&d, MT_REGION_THREAD, sizeof *thread);
    thread->runs_used = UINT32_MAX;
    damage_expect(&d, thread, "thread 1 has open runs");
}

Test(reader, a_record_longer_than_its_region)
{
    struct damage d;
    damage_start(&d);
    struct mt_record *record = entry(&d, MT_REGION_RECORD, 0);
    record->bytes = 0xfffffff8;
    damage_expect(&d, record, "a record of kind 1 with length 4294967288");
}

Test(reader, a_record_of_no_length)
{
    struct damage d;
    damage_start(&d);
    struct mt_record *record = entry(&d, MT_REGION_RECORD, 0);
    record->bytes = 0;
    damage_expect(&d, record, "with length 0");
}

Test(reader, a_text_longer_than_its_record)
{
    struct damage d;
    damage_start(&d);
    struct mt_record_process *record = entry(&d, MT_REGION_RECORD, 0);
    record->argv_bytes = 5000;
    damage_expect(&d, record, "a text longer than its record");
}

Test(reader, more_entries_than_room)
{
    struct damage d;
    struct mt_header *header = damage_start(&d);
    header->used[MT_REGION_FRAME] = UINT64_MAX;
    damage_expect(&d, &header->used[MT_REGION_FRAME], "region 3 has 18446744073709551615 entries");
}

Test(reader, more_extents_than_the_directory)
{
    struct damage d;
    struct mt_header *header = damage_start(&d);
    header->extents_used = 449;
    damage_expect(&d, &header->extents_used, "449 extents");
}

Test(reader, an_extent_of_no_region)
{
    struct damage d;
    struct mt_header *header = damage_start(&d);
    header->extents[0].region = 77;
    damage_expect(&d, &header->extents[0], "an unknown region");
}

Test(reader, an_extent_inside_the_header)
{
    struct damage d;
    struct mt_header *header = damage_start(&d);
    header->extents[0].offset = 4096;
    damage_expect(&d, &header->extents[0], "an impossible offset");
}

/* ---- cut and random damage: no crash, no loop, no lie about sound parts ---- */

Test(reader, cut_anywhere)
{
    size_t bytes;
    unsigned char *file = sample(&bytes, true);
    uint64_t most = 0;
    for (size_t length = 0; length <= bytes; length += length < 9000 ? 509 : 97) {
        struct stacks stacks;
        unsigned char *part = malloc(length + 1); /* so that ASan sees a read past the end */
        memcpy(part, file, length);
        part = realloc(part, length ? length : 1);
        if (digest(&stacks, part, length)) {
            cr_expect(stacks.log.truncated);
            cr_expect_geq(stacks.log.problem_count, 1);
            cr_expect_leq(stacks.model.total.allocated, 12000);
            if (stacks.model.total.allocated > most)
                most = stacks.model.total.allocated;
        } else {
            cr_expect_lt(length, MT_HEADER_BYTES);
        }
        stacks_close(&stacks);
        free(part);
    }
    cr_expect_gt(most, 5000, "what is left is read");
    free(file);
}

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 16;
}

/* Every 32-bit word of the tables and the header, one at a time, with values that are likely to
 * hurt. */
Test(reader, each_word_damaged)
{
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8};
    size_t bytes;
    unsigned char *file = sample(&bytes, false);
    for (size_t at = 8; at + 4 <= bytes; at += 4) {
        uint32_t old;
        memcpy(&old, file + at, 4);
        if (at > 1280 && at < MT_HEADER_BYTES)
            continue; /* directory slots that are not used */
        if (!old && at > MT_HEADER_BYTES && at % 16)
            continue; /* mostly padding: a part of it is enough */
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            struct stacks stacks;
            memcpy(file + at, &values[v], 4);
            digest(&stacks, file, bytes);
            stacks_close(&stacks);
        }
        memcpy(file + at, &old, 4);
    }
    free(file);
}

Test(reader, random_damage)
{
    size_t bytes;
    unsigned char *file = sample(&bytes, true);
    unsigned char *copy = malloc(bytes);
    uint64_t state = 1;
    for (int i = 0; i < 3000; i++) {
        struct stacks stacks;
        memcpy(copy, file, bytes);
        for (uint64_t hits = 1 + next(&state) % 8; hits; hits--)
            copy[8 + next(&state) % (bytes - 8)] = (unsigned char)next(&state);
        digest(&stacks, copy, bytes);
        stacks_close(&stacks);
    }
    free(copy);
    free(file);
}

Test(records, files)
{
    struct builder b;
    struct log log = {0};
    size_t bytes;
    builder_start(&b);
    /* Before what it is of, of nothing that is there, twice. */
    builder_stamp(&b, &(struct mt_record_file){.module = 2, .bytes = 10, .modified = 20});
    builder_stamp(&b, &(struct mt_record_file){.module = 99, .bytes = 1});
    builder_stamp(&b, &(struct mt_record_file){.file = 4000000000u, .bytes = 3});
    builder_module(&b, "/a", "", 0, 0x1000);
    builder_module(&b, "/b", "", 0, 0x200000);
    uint32_t file = builder_string(&b, "/x.py");
    builder_stamp(&b, &(struct mt_record_file){.file = file, .bytes = 5, .modified = 6, .hash = 7});
    unsigned char *data = builder_file(&b, &bytes);
    builder_end(&b);
    cr_assert(log_parse(&log, "test", data, bytes));
    cr_expect_eq(log.problem_count, 0);
    cr_assert_eq(log.module_count, 3);
    cr_expect(!log.modules[1].stamp.known);
    cr_expect(log.modules[2].stamp.known && log.modules[2].stamp.bytes == 10 &&
              log.modules[2].stamp.modified == 20 && !log.modules[2].stamp.hash);
    cr_assert_eq(log.file_count, 2);
    cr_expect_eq(log.files[1].file, file);
    cr_expect(log.files[1].stamp.bytes == 5 && log.files[1].stamp.modified == 6 &&
              log.files[1].stamp.hash == 7);
    log_close(&log);
    free(data);
}
