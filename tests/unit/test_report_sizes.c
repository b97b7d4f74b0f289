/* SPDX-License-Identifier: MIT
 *
 * How large allocations were, and which were temporary: sizes.c and model.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../../report/fold/stacks.h"
#include "../../report/read/reader.h"
#include "../../report/read/sizes.h"
#include "log_builder.h"

/* The counters of one node, of which the log says that sizes are counted. */
static struct stacks sized(struct builder *b, const struct mt_alloc *alloc,
                           const struct mt_sizes *sizes, unsigned char **file)
{
    struct stacks stacks = {0};
    size_t bytes;
    b->header.flags |= MT_FLAG_SIZES;
    uint32_t root = builder_thread(b, "main");
    if (b->header.version == MT_VERSION_2 && alloc->temporary)
        builder_counter(
            b, root, MT_KIND_2_TEMPORARY,
            &(struct mt_temporary_2){.count = alloc->temporary, .bytes = alloc->temporary_bytes});
    if (sizes)
        builder_counter(b, root, MT_KIND_SIZES, sizes);
    builder_counter(b, root, MT_KIND_ALLOC + MT_HEAP, alloc);
    *file = builder_file(b, &bytes);
    cr_assert(log_parse(&stacks.log, "test", *file, bytes));
    stacks.log.keeps_tables = true;
    model_make(&stacks.model, &stacks.log, ALL_PERIODS);
    return stacks;
}

static uint64_t count_of(const struct sizes *sizes, uint64_t bytes)
{
    unsigned i = 0;
    while (bytes > sizes_to(i))
        i++;
    return sizes->count[i];
}

/* Without a record of sizes, all are of the power of two that their mean is of. */
Test(sizes, one_power)
{
    static const uint64_t means[] = {0, 3, 7, 8, 15, 16, 65535, 65536, (uint64_t)1 << 46};
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++) {
        struct builder b;
        unsigned char *file;
        struct sizes found = {{0}};
        struct mt_alloc alloc = {.allocs = 5, .allocated = 5 * means[i]};
        builder_start(&b);
        struct stacks stacks = sized(&b, &alloc, NULL, &file);
        sizes_add(&found, &stacks.model, 1, CLASS_HEAP);
        cr_expect_eq(count_of(&found, means[i]), 5, "mean of %llu", (unsigned long long)means[i]);
        model_free(&stacks.model);
        log_close(&stacks.log);
        free(file);
        builder_end(&b);
    }
}

/* Several, with large ones; the number of allocations has 31 bits. Without the record they are not known. */
Test(sizes, several_powers)
{
    for (int of = 0; of < 4; of++) {
        bool known = of % 2;
        struct builder b;
        unsigned char *file;
        struct sizes found = {{0}};
        uint64_t sum = 0;
        builder_start_of(&b, of < 2 ? MT_VERSION : MT_VERSION_2);
        struct mt_large large = {.count = {[0] = 3, [MT_SIZES_LARGE - 1] = 1}};
        struct mt_sizes sizes = {.large = builder_large(&b, &large), .count = {[0] = 4, [13] = 2}};
        struct mt_alloc alloc = {.allocs = 10 | MT_ALLOCS_SIZES,
                                 .allocated = (uint64_t)1 << 50,
                                 .temporary = 2,
                                 .temporary_bytes = 9};
        struct stacks stacks = sized(&b, &alloc, known ? &sizes : NULL, &file);
        sizes_add(&found, &stacks.model, 1, CLASS_HEAP);
        for (unsigned i = 0; i < SIZES; i++)
            sum += found.count[i];
        cr_expect_eq(sum, known ? 10 : 0);
        if (known) {
            cr_expect_eq(count_of(&found, 7), 4);
            cr_expect_eq(count_of(&found, 32768), 2);
            cr_expect_eq(count_of(&found, 131071), 3);
            cr_expect_eq(count_of(&found, UINT64_MAX), 1);
        }
        cr_expect_eq(stacks.model.total.allocations, 10);
        cr_expect_eq(stacks.model.total.temporary, 2);
        cr_expect_eq(stacks.model.total.temporary_bytes, 9);
        cr_expect_eq(stacks.log.problem_count, 0);
        model_free(&stacks.model);
        log_close(&stacks.log);
        free(file);
        builder_end(&b);
    }
}
