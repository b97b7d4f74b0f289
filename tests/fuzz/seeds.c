/* SPDX-License-Identifier: MIT */
#include "seeds.h"

#include <stdlib.h>
#include <string.h>

#include "../unit/log_builder.h"
#include "image.h"

/* Numbers of frames. Fuzzing is fast with few, the most fill more than a page. */
#define SIZES      3u
#define FRAMES_MAX 150u
static const uint32_t sizes[SIZES] = {4, 12, FRAMES_MAX};

static void counters(struct builder *b, uint32_t node, uint32_t i)
{
    struct mt_alloc alloc = {.allocs = 2,
                             .allocated = 300 + i,
                             .gone = 100,
                             .gone_count = 1,
                             .live_peak = 300,
                             .saved = 150,
                             .saved_seq = i % 2,
                             .level = 1000 * i,
                             .last = (uint64_t)i << 32 | i};
    struct mt_release release = {.releases = 1, .released = 100, .level = 900 * i, .last = i};
    struct mt_resident resident = {.grown = 4096, .readings = 1};
    if (b->header.flags & MT_FLAG_SIZES && i % 2) {
        struct mt_large large = {.count = {1}};
        struct mt_sizes several = {.large = i % 3 ? 0 : builder_large(b, &large),
                                   .count = {[5] = 1, [6] = i % 3 ? 1 : 0}};
        if (b->header.version == MT_VERSION_2)
            builder_counter(b, node, MT_KIND_2_TEMPORARY,
                            &(struct mt_temporary_2){.count = 1, .bytes = 50});
        alloc.temporary = 1;
        alloc.temporary_bytes = 50;
        builder_counter(b, node, MT_KIND_SIZES, &several);
        alloc.allocs |= MT_ALLOCS_SIZES;
    }
    builder_counter(b, node, MT_KIND_ALLOC + i % MT_CLASSES, &alloc);
    if (b->header.version !=
        MT_VERSION_2) { /* behind a small one that has moved there, and one that has not */
        bool moved = i % MT_CLASSES == MT_HEAP && i % 2;
        struct mt_small small = {.gone = (1 << 16 | 30) | (moved ? MT_SMALL_MOVED : 0),
                                 .allocated = 50,
                                 .allocs = 2,
                                 .live_peak = 40,
                                 .saved = 30,
                                 .saved_seq = i % 2,
                                 .held = 1,
                                 .last = i};
        builder_counter(b, node, MT_KIND_SMALL, &small);
        builder_counter(b, node, MT_KIND_SMALL_RELEASE,
                        &(struct mt_small_release){.releases = 1, .released = 30, .last = i});
    }
    builder_counter(b, node, MT_KIND_RELEASE + i % MT_CLASSES, &release);
    builder_counter(b, node, MT_KIND_DISCARD,
                    &(struct mt_discard){.discards = 1, .discarded = 4096});
    if (i % 3 == 0)
        builder_counter(b, node, MT_KIND_RESIDENT, &resident);
    struct mt_node *raw = builder_node_at(b, node);
    raw->rise = 300 + i;
    raw->alone = i;
    if (b->header.version != MT_VERSION_2 && i % 11 == 3)
        builder_rise(b, node, (uint64_t)3 << 32, (uint64_t)i << 31);
    struct mt_stretch stretch = {
        .parent = raw->parent, .kind = (uint8_t)(i % 4 ? MT_STRETCH_SET : i % 3 + 1), .count = 1};
    builder_stretch(b, &stretch, i % 4 ? &node : (uint32_t[]){0}, (uint64_t[]){200 + i});
}

/* Stacks of one thread; with runs that are open. */
static void stacks(struct builder *b, uint32_t thread, const uint32_t *frames, uint32_t count)
{
    uint32_t root = builder_thread(b, "main"), node = root;
    for (uint32_t i = 0; i < count; i++) {
        node = builder_node(b, i % 5 ? node : root, frames[i]);
        counters(b, node, i);
    }
    struct mt_run run = {
        .begin = 1, .max = 500, .node = node, .first = node, .depth = 1, .frames = 1};
    struct mt_run outer = {.max = INT64_MIN, .node = root, .first = root, .frames = 1};
    struct mt_thread_entry *entry = builder_thread_entry(b, thread);
    uint32_t first = builder_run(b, &outer);
    builder_run(b, &run);
    entry = builder_thread_entry(b, thread);
    entry->runs = first;
    entry->runs_cap = entry->runs_used = 2;
    entry->leaf = node;
    entry->events = 20;
    entry->level = 400;
    entry->alive = 1;
}

static void python_log(struct builder *b, uint32_t size)
{
    builder_process(b, "/usr/bin/python3", "/home/u", "python3\0a.py", sizeof "python3\0a.py");
    builder_note(b, "a \033[31mnote");
    uint32_t codes[] = {builder_code(b, "/home/u/a.py", "f", 1),
                        builder_code(b, "b.py", "C.g\n", 11),
                        builder_code(b, "/usr/lib/python3.11/os.py", "<module>", 1),
                        builder_code(b, "gone", "\342\200\256\302\233\377", 4000000000u)};
    uint32_t frames[FRAMES_MAX];
    for (uint32_t i = 0; i < size; i++)
        frames[i] = builder_frame(b, i % 7 == 6 ? MT_FRAME_CUT : MT_FRAME_PYTHON, codes[i % 4],
                                  i == 9 ? INT32_MAX : i);
    b->header.flags = MT_FLAG_PYTHON | MT_FLAG_THREADS | MT_FLAG_SIZES;
    stacks(b, 1, frames, size);
    stacks(b, 2, frames + size / 2, size / 2);
    struct mt_line lines[] = {
        {3, 100, 2}, {9, 200, (uint64_t)3 << 32}, {0, 0, 0}, {1, 300, UINT64_MAX}};
    builder_lines(b, codes[0], 2, 0, lines, 4);
    builder_lines(b, codes[3], 11, 1, lines, 3);
    builder_source(b, builder_string(b, "gone"),
                   "def f(\n  a):\n\tx = \"\"\"\033[1m\n\"\"\" # (\n\ny\n");
    struct mt_record_file stamp = {.file = 1, .bytes = 100, .modified = 5, .hash = 7};
    builder_stamp(b, &stamp);
    builder_mark(b, 0, "a mark\n");
    builder_mark(b, 1, "a period");
    uint32_t later = builder_node(b, 0, builder_frame(b, MT_FRAME_THREAD, 1, 1));
    counters(b, builder_node(b, later, frames[0]), 5);
    b->header.period = 1;
    b->header.period_level = 300;
    b->header.peak_before = 700;
}

static void native_log(struct builder *b, uint32_t size)
{
    builder_process(b, "/usr/bin/program", "/", "program\0-x", sizeof "program\0-x");
    builder_module(b, "/usr/bin/program", "\2\3", 2, 0x1000);
    builder_module(b, "/usr/lib/libc.so.6", "", 0, 0x7f0000000000);
    struct mt_record_file stamp = {.module = 2, .bytes = 100, .modified = 5};
    builder_stamp(b, &stamp);
    builder_module(b, "[vdso]", "\3", 1, 0);
    builder_module(b, "/opt/libmemtrace.so", "", 0, 0);
    uint32_t frames[FRAMES_MAX];
    for (uint32_t i = 0; i < size; i++)
        frames[i] = builder_frame(b, i % 9 == 8 ? MT_FRAME_UNKNOWN : MT_FRAME_NATIVE,
                                  i % 9 == 8 ? 0 : 1 + i % 5, i * 37 + (i == 4 ? 1u << 20 : 0));
    stacks(b, 1, frames, size);
    for (uint32_t i = 0; i < 4; i++) {
        struct mt_sample sample = {i * 1000, i * 500, i * 600, 1 << 20};
        builder_sample(b, &sample);
    }
    b->header.end = MT_END_UNKNOWN;
    b->header.peak = b->header.level = 5000;
    b->header.dropped_events = 3;
    b->header.flags = MT_FLAG_FULL | MT_FLAG_FALLBACK;
}

static void empty_log(struct builder *b, uint32_t size)
{
    (void)b;
    (void)size;
}

static void (*const makers[])(struct builder *b, uint32_t size) = {python_log, native_log,
                                                                   empty_log};

void seeds_make(void (*add)(const void *image, size_t bytes))
{
    static struct image image;
    static unsigned char packed[IMAGE_BYTES_MAX];
    for (size_t of = 0; of < 2 * SIZES * sizeof makers / sizeof makers[0]; of++) {
        struct builder b;
        size_t i = of / 2;
        builder_start_of(&b, of % 2 ? MT_VERSION_2 : MT_VERSION);
        b.scatter = sizes[i % SIZES] == FRAMES_MAX;
        makers[i / SIZES](&b, sizes[i % SIZES]);
        size_t bytes;
        unsigned char *file = builder_file(&b, &bytes);
        builder_end(&b);
        image_of_file(&image, file, bytes);
        free(file);
        add(packed, image_pack(&image, packed, sizeof packed));
    }
}
