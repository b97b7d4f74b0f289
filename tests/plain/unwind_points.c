/* SPDX-License-Identifier: MIT
 *
 * Long unwind programs are gone on with from check points (unwind/cfi_program.c). Whatever was asked before, in whatever order, by
 * however many threads, the row is the one that the program has when it is run from its beginning, as it is where the row is wanted
 * with all registers: for programs made at random, also damaged ones.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "unwind_check.h"

#include "../../interpose/unwind/arch.h"
#include "../../interpose/unwind/cfi_program.h"

#define BYTES    6000 /* of a program, at most */
#define PROGRAMS 400
#define TOGETHER 6 /* programs in use at once: more than there are check points for */
#define ASKED    200
#define THREADS  4

struct program {
    uint8_t bytes[BYTES];
    size_t used;
    unsigned depth;
    unsigned odd; /* in 100 instructions: those that have no check point behind them, or go back */
    uintptr_t begin, end;
    struct mt_cfi_cie cie;
};

static const uint8_t first_row[] = {0x0c, MT_DW_SP, 8, 0x80 | MT_DW_RA, 1}; /* def_cfa, offset */

static uint32_t below(uint64_t *random, uint32_t n)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*random >> 33) % n);
}

static void put(struct program *p, unsigned byte)
{
    p->bytes[p->used++] = (uint8_t)byte;
}

static void put_fixed(struct program *p, uint64_t value, unsigned bytes)
{
    memcpy(p->bytes + p->used, &value, bytes);
    p->used += bytes;
}

static unsigned any_register(uint64_t *random)
{
    static const uint8_t registers[] = {MT_DW_FP, MT_DW_RA, 3};

    return registers[below(random, sizeof registers)];
}

/* Goes back, depends on the pc, is not understood, or stays remembered. */
static void put_odd(struct program *p, uint64_t *random)
{
    switch (below(random, 6)) {
    case 0: /* set_loc */
        put(p, 0x01);
        put_fixed(p, p->begin + below(random, (uint32_t)(p->end - p->begin)), 8);
        break;
    case 1: /* def_cfa_expression: the word at a register, then a plain rule again */
        put(p, 0x0f), put(p, 3), put(p, 0x76), put(p, 8), put(p, 0x06);
        put(p, 0x0c), put(p, MT_DW_SP), put(p, 16);
        break;
    case 2: /* expression: frame pointer at a register */
        put(p, 0x10), put(p, MT_DW_FP), put(p, 2), put(p, 0x77), put(p, below(random, 64));
        break;
    case 3: /* advance_loc4, so far that it goes round where the unit is 2^32 */
        put(p, 0x04);
        put_fixed(p, UINT32_MAX - below(random, 1000), 4);
        break;
    case 4:
        put(p, below(random, 20) ? 0x0a
                                 : 0x3f); /* one remember_state more; seldom what nobody knows */
        break;
    default: /* one restore_state more */
        put(p, p->depth || below(random, 20) == 0 ? 0x0b : 0x00);
        p->depth -= p->depth > 0;
    }
}

static void put_usual(struct program *p, uint64_t *random)
{
    uint32_t kind = below(random, 100);

    if (kind < 40) {
        put(p, 0x40 | below(random, 40));
    } else if (kind < 46) { /* advance_loc1, 2 */
        put(p, kind < 44 ? 0x02 : 0x03);
        put_fixed(p, below(random, 256), kind < 44 ? 1 : 2);
    } else if (kind < 72) { /* def_cfa_offset, of one byte or two */
        put(p, 0x0e);
        if (below(random, 2))
            put(p, 0x80 | below(random, 128));
        put(p, below(random, 100));
    } else if (kind < 82) { /* offset */
        put(p, 0x80 | any_register(random)), put(p, below(random, 120));
    } else if (kind < 86) { /* restore */
        put(p, 0xc0 | any_register(random));
    } else if (kind < 90) { /* same_value, undefined */
        put(p, kind < 88 ? 0x08 : 0x07), put(p, any_register(random));
    } else if (kind < 93) { /* def_cfa_register, negate_ra_state */
        put(p, 0x0d), put(p, below(random, 2) ? MT_DW_SP : MT_DW_FP), put(p, 0x2d);
    } else if (p->depth < 6 && below(random, 3) == 0) {
        put(p, 0x0a), p->depth++;
    } else if (p->depth > 0) {
        put(p, 0x0b), p->depth--;
    }
}

static void make(struct program *p, uint64_t *random)
{
    size_t wanted = 900 + below(random, BYTES - 1000);

    p->used = p->depth = 0;
    p->odd = below(random, 3) ? 0 : below(random, 5);
    p->begin = 0x10000; /* all alike, so that one is taken for the other where that can be */
    p->end = p->begin + wanted * (4 + below(random, 8));
    p->cie = (struct mt_cfi_cie){.code_align = p->odd == 3 ? (uint64_t)1 << 32 : 1,
                                 .data_align = -8,
                                 .ra = MT_DW_RA,
                                 .program = {first_row, first_row + sizeof first_row, false}};
    if (p->odd == 3)
        p->cie.code_align += below(random, 3);
    while (p->used < wanted)
        if (p->odd && below(random, 400) < p->odd)
            put_odd(p, random);
        else
            put_usual(p, random);
}

static bool run(const struct program *p, uintptr_t pc, bool from_beginning, struct mt_cfi_row *row)
{
    struct mt_cfi_reader r = {p->bytes, p->bytes + p->used, false};

    return mt_cfi_row_at(&p->cie, r, p->begin, p->end, pc, from_beginning, row);
}

static bool same_place(const struct mt_cfi_place *a, const struct mt_cfi_place *b)
{
    return a->where == b->where && a->reg == b->reg && a->offset == b->offset;
}

static bool same(const struct mt_cfi_row *a, const struct mt_cfi_row *b)
{
    return a->begin == b->begin && a->from == b->from && a->to == b->to && a->cfa == b->cfa &&
           a->reg == b->reg && a->offset == b->offset && same_place(&a->fp, &b->fp) &&
           same_place(&a->ra, &b->ra) && same_place(&a->cfa_expression, &b->cfa_expression) &&
           a->signal == b->signal && a->signed_ra == b->signed_ra;
}

static _Atomic unsigned long asked, understood, wrong;

static void ask(const struct program *p, uintptr_t pc)
{
    struct mt_cfi_row row, wanted;
    bool is = run(p, pc, false, &row), is_wanted = run(p, pc, true, &wanted);

    asked++;
    understood += is_wanted;
    if ((is != is_wanted || (is && !same(&row, &wanted))) && wrong++ < 5)
        fprintf(stderr, "%zu bytes, %u odd, [%#zx, %#zx): another row at %#zx\n", p->used, p->odd,
                p->begin, p->end, pc);
}

static struct program programs[TOGETHER];

/* Up, down, and in any order, of one program or of several in turn. */
static void ask_all(uint64_t *random)
{
    unsigned order = below(random, 4);

    for (unsigned i = 0; i < ASKED * TOGETHER; i++) {
        const struct program *p =
            &programs[order == 3 ? below(random, TOGETHER) : i / ASKED % TOGETHER];
        uint32_t bytes = (uint32_t)(p->end - p->begin), step = bytes / ASKED;
        uint32_t at = order >= 2   ? below(random, bytes)
                      : order == 1 ? (ASKED - 1 - i % ASKED) * step
                                   : i % ASKED * step;

        ask(p, p->begin + at);
    }
}

static void *thread(void *seed)
{
    uint64_t random = (uintptr_t)seed;

    for (unsigned i = 0; i < 20; i++) {
        ask_all(&random);
        if (seed == (void *)1)
            mt_cfi_program_forget();
    }
    return NULL;
}

static void ask_by_threads(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, thread, (void *)(i + 1)) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    uint64_t random = 1;

    mt_cfi_program_begin();
    for (unsigned i = 0; i < PROGRAMS / TOGETHER; i++) {
        for (unsigned k = 0; k < TOGETHER; k++)
            make(&programs[k], &random); /* where others were, as after an unload */
        mt_cfi_program_forget();
        ask_all(&random);
        if (i % 16 == 0)
            ask_by_threads();
    }
    printf("%lu rows, %lu of them understood, %lu wrong\n", asked, understood, wrong);
    CHECK(!wrong);
    CHECK(understood > asked / 2 && understood < asked);
    return check_done();
}
