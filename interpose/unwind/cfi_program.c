/* SPDX-License-Identifier: MIT */
#include "unwind/cfi_program.h"

#include <stdatomic.h>
#include <stddef.h>

#include "unwind/arch.h"

#define REMEMBERED_MAX 8
#define FOREVER        UINTPTR_MAX

struct machine {
    const struct mt_cfi_cie *cie;
    struct mt_cfi_row row;
    struct mt_cfi_row initial;
    struct mt_cfi_row remembered[REMEMBERED_MAX];
    unsigned depth;
    bool others; /* `other` of the rows is in use */
    uintptr_t loc;
    uintptr_t from; /* the greatest `loc` that was not above pc */
    bool depends;   /* the row depends on pc by more than that, or may do */
    uintptr_t stop; /* look up where `loc` is above it: at the end, or at the next check point */
    struct points *points; /* of this program; NULL: it has none */
};

/* What a row is without `other`. */
#define ROW_BYTES offsetof(struct mt_cfi_row, other)

static inline void copy(const struct machine *m, struct mt_cfi_row *to,
                        const struct mt_cfi_row *from)
{
    if (m->others)
        *to = *from;
    else
        memcpy(to, from, ROW_BYTES);
}

/* Reads a location expression of one of three forms: "register + offset", "the word at that", or
 * the one of lazy PLTs. */
static enum mt_cfi_cfa simple_expression(struct mt_cfi_reader e, uintptr_t pc, unsigned *reg,
                                         int64_t *offset)
{
    unsigned op = (unsigned)mt_cfi_fixed(&e, 1);
    size_t left;

    if (op < 0x70 || op > 0x8f) /* DW_OP_breg0..31 */
        return MT_CFI_CFA_OTHER;
    *reg = op - 0x70;
    *offset = mt_cfi_sleb(&e);
    left = (size_t)(e.end - e.at);
    if (e.bad)
        return MT_CFI_CFA_OTHER;
    if (left == 0)
        return MT_CFI_CFA_REG;
    if (left == 1 && *e.at == 0x06) /* DW_OP_deref */
        return MT_CFI_CFA_DEREF;
    return mt_arch_plt_expression(e.at, left, pc, offset) ? MT_CFI_CFA_REG : MT_CFI_CFA_OTHER;
}

/* NULL: the register is not kept. */
static inline struct mt_cfi_place *place_of(const struct machine *m, struct mt_cfi_row *row,
                                            unsigned reg)
{
    if (reg == MT_DW_FP)
        return &row->fp;
    if (reg == MT_DW_RA)
        return &row->ra;
    return m->others && reg < MT_DW_COUNT ? &row->other[reg] : NULL;
}

static void set_place(struct machine *m, unsigned reg, enum mt_cfi_where where, int64_t offset)
{
    struct mt_cfi_place *place = place_of(m, &m->row, reg);

    if (place)
        *place = (struct mt_cfi_place){.where = where, .offset = offset};
}

static struct mt_cfi_place expression_at(struct mt_cfi_reader e, bool value)
{
    return (struct mt_cfi_place){.where = value ? MT_CFI_VALUE_EXPRESSION : MT_CFI_EXPRESSION,
                                 .reg = (unsigned)(e.end - e.at),
                                 .offset = (int64_t)(uintptr_t)e.at};
}

/* DW_CFA_expression. With `value`, DW_CFA_val_expression: its result is the value, not where that
 * is stored. */
static void set_expression(struct machine *m, struct mt_cfi_reader *r, uintptr_t pc, bool value)
{
    unsigned reg = (unsigned)mt_cfi_uleb(r);
    uint64_t bytes = mt_cfi_uleb(r);
    struct mt_cfi_place *place = place_of(m, &m->row, reg);
    struct mt_cfi_reader e = {r->at, r->at, false};

    if (bytes > (size_t)(r->end - r->at)) {
        r->bad = true;
        return;
    }
    e.end = r->at += bytes;
    m->depends = true;
    if (!place)
        return;
    place->where = MT_CFI_AT_REG;
    if (!value && simple_expression(e, pc, &place->reg, &place->offset) == MT_CFI_CFA_REG)
        return;
    *place = expression_at(e, value);
}

static void set_register(struct machine *m, unsigned reg, uint64_t other)
{
    struct mt_cfi_place *place = place_of(m, &m->row, reg);

    if (place)
        *place = (struct mt_cfi_place){
            .where = other < MT_DW_COUNT ? MT_CFI_REGISTER : MT_CFI_OTHER, .reg = (unsigned)other};
}

static void set_cfa_expression(struct machine *m, struct mt_cfi_reader *r, uintptr_t pc)
{
    uint64_t bytes = mt_cfi_uleb(r);
    struct mt_cfi_reader e = {r->at, r->at, false};

    if (bytes > (size_t)(r->end - r->at)) {
        r->bad = true;
        return;
    }
    e.end = r->at += bytes;
    m->depends = true;
    m->row.cfa = simple_expression(e, pc, &m->row.reg, &m->row.offset);
    m->row.cfa_expression = expression_at(e, true);
}

static void restore(struct machine *m, unsigned reg)
{
    struct mt_cfi_place *place = place_of(m, &m->row, reg), *first = place_of(m, &m->initial, reg);

    if (place && first)
        *place = *first;
}

static void remember(struct machine *m, struct mt_cfi_reader *r)
{
    if (m->depth == REMEMBERED_MAX)
        r->bad = true;
    else
        copy(m, &m->remembered[m->depth++], &m->row);
}

static void recall(struct machine *m, struct mt_cfi_reader *r)
{
    if (m->depth == 0)
        r->bad = true;
    else
        copy(m, &m->row, &m->remembered[--m->depth]);
}

/* The rules of the canonical frame address: DW_CFA_def_cfa and its variants. */
static void define_cfa(struct machine *m, unsigned op, struct mt_cfi_reader *r)
{
    if (op != 0x0e && op != 0x13) /* all but def_cfa_offset[_sf] name a register */
        m->row.reg = (unsigned)mt_cfi_uleb(r);
    if (op == 0x0c || op == 0x0e) /* def_cfa, def_cfa_offset */
        m->row.offset = (int64_t)mt_cfi_uleb(r);
    else if (op == 0x12 || op == 0x13) /* the factored variants */
        m->row.offset = (int64_t)((uint64_t)mt_cfi_sleb(r) * (uint64_t)m->cie->data_align);
    if (op != 0x0d && op != 0x0e && op != 0x13)
        m->row.cfa = MT_CFI_CFA_REG;
    else if (m->row.cfa != MT_CFI_CFA_REG)
        r->bad = true;
}

/* Where a register of the caller is. */
static void define_register(struct machine *m, unsigned op, struct mt_cfi_reader *r, uintptr_t pc)
{
    int64_t align = m->cie->data_align;
    unsigned reg;

    if (op == 0x10 || op == 0x16) { /* expression, val_expression */
        set_expression(m, r, pc, op == 0x16);
        return;
    }
    reg = (unsigned)mt_cfi_uleb(r);
    switch (op) {
    case 0x05: /* offset_extended */
        set_place(m, reg, MT_CFI_AT_CFA, (int64_t)(mt_cfi_uleb(r) * (uint64_t)align));
        break;
    case 0x06: /* restore_extended */
        restore(m, reg);
        break;
    case 0x07: /* undefined */
        set_place(m, reg, MT_CFI_UNDEFINED, 0);
        break;
    case 0x08: /* same_value */
        set_place(m, reg, MT_CFI_SAME, 0);
        break;
    case 0x11: /* offset_extended_sf */
        set_place(m, reg, MT_CFI_AT_CFA, (int64_t)((uint64_t)mt_cfi_sleb(r) * (uint64_t)align));
        break;
    case 0x14: /* val_offset */
        set_place(m, reg, MT_CFI_VALUE_CFA, (int64_t)(mt_cfi_uleb(r) * (uint64_t)align));
        break;
    case 0x15: /* val_offset_sf */
        set_place(m, reg, MT_CFI_VALUE_CFA, (int64_t)((uint64_t)mt_cfi_sleb(r) * (uint64_t)align));
        break;
    default: /* register */
        set_register(m, reg, mt_cfi_uleb(r));
    }
}

/* An instruction with its opcode in the low six bits. */
static void extended(struct machine *m, unsigned op, struct mt_cfi_reader *r, uintptr_t pc)
{
    switch (op) {
    case 0x00: /* nop */
        break;
    case 0x01: /* set_loc */
        m->loc = mt_cfi_encoded(r, m->cie->encoding);
        m->depends = true; /* it may go back */
        break;
    case 0x02: /* advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        m->loc += mt_cfi_fixed(r, 1u << (op - 2)) * m->cie->code_align;
        break;
    case 0x05 ... 0x09:
    case 0x10:
    case 0x11:
    case 0x14:
    case 0x15:
    case 0x16:
        define_register(m, op, r, pc);
        break;
    case 0x0a: /* remember_state */
        remember(m, r);
        break;
    case 0x0b: /* restore_state */
        recall(m, r);
        break;
    case 0x0c: /* def_cfa, _register, _offset, _sf, _offset_sf */
    case 0x0d:
    case 0x0e:
    case 0x12:
    case 0x13:
        define_cfa(m, op, r);
        break;
    case 0x0f: /* def_cfa_expression */
        set_cfa_expression(m, r, pc);
        break;
    case 0x2d: /* aarch64: negate_ra_state; elsewhere GNU_window_save, which no processor here has */
        m->row.signed_ra = !m->row.signed_ra;
        break;
    case 0x2e: /* GNU_args_size */
        mt_cfi_uleb(r);
        break;
    default:
        r->bad = true;
    }
}

/* Any instruction, of which the first byte is read. */
static void any(struct machine *m, unsigned byte, struct mt_cfi_reader *r, uintptr_t pc)
{
    unsigned low = byte & 0x3f;

    if ((byte & 0xc0) == 0x40) /* advance_loc */
        m->loc += low * m->cie->code_align;
    else if ((byte & 0xc0) == 0x80) /* offset */
        set_place(m, low, MT_CFI_AT_CFA, (int64_t)(mt_cfi_uleb(r) * (uint64_t)m->cie->data_align));
    else if ((byte & 0xc0) == 0xc0)
        restore(m, low);
    else
        extended(m, low, r, pc);
}

/* ---- Check points: a large function has thousands of rows, and its program is run for each of its calls (that of one function of
 * cc1plus has 20,051 bytes, and rules for 213 calls are learnt). For the programs that were run last it is known how things
 * stood at some places, and a later run goes on from the nearest one before its pc. One thread at a time has them, and nobody
 * waits: who finds them in use runs the program from its beginning. ---- */

#define POINTS                                                                                     \
    64u /* in a program: for each 64th part of the function's code the first row that begins there */
#define PROGRAMS_BITS 2
#define LONG_PROGRAM  1024 /* bytes; others are run as fast as this is looked up */

struct point {
    const uint8_t *at; /* the next instruction */
    uintptr_t loc;
    _Alignas(struct mt_cfi_row) unsigned char row[ROW_BYTES];
};

static struct points {
    const uint8_t *program; /* where it begins */
    uintptr_t begin, part;  /* the function's first address, and the bytes of a 64th part */
    uint64_t there;         /* which points are known, a bit each */
    uint32_t generation;    /* as it was then */
    struct point points[POINTS];
} points_of[1u << PROGRAMS_BITS];

static atomic_flag points_used = ATOMIC_FLAG_INIT;
static _Atomic uint32_t points_generation = 1; /* another one whenever something is unloaded */

void mt_cfi_program_forget(void)
{
    atomic_fetch_add(&points_generation, 1);
}

void mt_cfi_program_begin(void)
{
    if (atomic_flag_test_and_set_explicit(&points_used, memory_order_acquire))
        mt_cfi_program_forget(); /* another thread was at it when the process forked */
    atomic_flag_clear_explicit(&points_used, memory_order_release);
}

/* The points of a program, empty if it was not run lately. To be given back. NULL: it is short, or they are in use. */
static struct points *take_points(const struct mt_cfi_reader *program, uintptr_t begin,
                                  uintptr_t end)
{
    uint64_t mixed = (uintptr_t)program->at * 0x9e3779b97f4a7c15u;
    struct points *p = &points_of[mixed >> (64 - PROGRAMS_BITS)];
    uint32_t generation;

    if (program->end - program->at < LONG_PROGRAM || end <= begin ||
        atomic_flag_test_and_set_explicit(&points_used, memory_order_acquire))
        return NULL;
    generation = atomic_load(&points_generation);
    if (p->program != program->at || p->begin != begin || p->generation != generation) {
        p->there = 0;
        p->program = program->at;
        p->begin = begin;
        p->part = (end - begin - 1) / POINTS + 1;
        p->generation = generation;
    }
    return p;
}

static void give_points(void)
{
    atomic_flag_clear_explicit(&points_used, memory_order_release);
}

/* Which part `loc` is in. */
static inline uintptr_t part_of(const struct points *p, uintptr_t loc)
{
    return (loc - p->begin) / p->part;
}

/* Note how things stand before the instruction at `at`, if no more is needed than the row and the place: nothing is remembered, and
 * so far `loc` has only risen, so that each pc from here on comes through here. The next one is wanted in the next part. */
static void note_point(struct machine *m, const uint8_t *at)
{
    struct points *p = m->points;
    uintptr_t part = part_of(p, m->loc);

    if (m->loc < m->from || m->depends || part >= POINTS) {
        m->stop = FOREVER; /* none any more */
        return;
    }
    if (m->depth > 0) { /* where the state is restored */
        m->stop = m->loc;
        return;
    }
    if (!(p->there >> part & 1)) {
        p->points[part].at = at;
        p->points[part].loc = m->loc;
        memcpy(p->points[part].row, &m->row, ROW_BYTES);
        p->there |= (uint64_t)1 << part;
    }
    m->stop = p->begin + (part + 1) * p->part - 1;
}

/* Go on from the last point that is not above pc. */
static void go_to_point(struct machine *m, struct mt_cfi_reader *r, uintptr_t pc)
{
    struct points *p = m->points;
    uint64_t left = p->there & UINT64_MAX >> (POINTS - 1 - part_of(p, pc));

    while (left) {
        unsigned part = 63 - (unsigned)__builtin_clzll(left);

        if (p->points[part].loc <= pc) {
            r->at = p->points[part].at;
            m->loc = m->from = p->points[part].loc;
            memcpy(&m->row, p->points[part].row, ROW_BYTES);
            break;
        }
        left ^= (uint64_t)1 << part;
    }
    m->stop = p->begin + (part_of(p, m->loc) + 1) * p->part - 1;
}

/* `loc` is above `stop`. True: it is above pc, the row is complete. */
static __attribute__((noinline)) bool stopped(struct machine *m, const uint8_t *at, uintptr_t pc)
{
    if (m->loc > pc)
        return true;
    note_point(m, at);
    if (m->stop > pc)
        m->stop = pc;
    return false;
}

/* Run a program until the row for `pc` is complete. False: not understood. Nearly all of a program is advance_loc, def_cfa_offset
 * and offset with operands of one byte: these are here once more, as learning a rule is mostly this loop. */
static bool run(struct machine *m, struct mt_cfi_reader r, uintptr_t pc)
{
    uint64_t code_align = m->cie->code_align, data_align = (uint64_t)m->cie->data_align;

    while (r.at < r.end) {
        unsigned byte = *r.at++, low = byte & 0x3f;
        bool one = r.at < r.end && *r.at < 0x80;

        if (m->loc > m->from)
            m->from = m->loc;
        if ((byte & 0xc0) == 0x40) {
            m->loc += low * code_align;
            if (m->loc > m->stop && stopped(m, r.at, pc))
                return true;
        } else if (byte == 0x0e && one && m->row.cfa == MT_CFI_CFA_REG) {
            m->row.offset = *r.at++;
        } else if ((byte & 0xc0) == 0x80 && one) {
            set_place(m, low, MT_CFI_AT_CFA, (int64_t)(*r.at++ * data_align));
        } else if (byte != 0) { /* else nop, with which programs are padded */
            any(m, byte, &r, pc);
            if (r.bad || (m->loc > m->stop && stopped(m, r.at, pc)))
                return !r.bad;
        }
    }
    if (m->loc > m->from)
        m->from = m->loc;
    return true;
}

/* As things stand before the FDE's program. */
static bool begin_machine(struct machine *m, const struct mt_cfi_cie *cie, uintptr_t begin,
                          bool others)
{
    m->others = others;
    m->depends = false;
    memset(&m->initial, 0, others ? sizeof m->initial : ROW_BYTES);
    m->initial.cfa = MT_CFI_CFA_OTHER;
    m->initial.signal = cie->signal;
    m->initial.begin = begin;
    m->depth = 0;
    m->loc = m->from = 0;
    m->stop = FOREVER;
    m->points = NULL;
    m->cie = cie;
    copy(m, &m->row, &m->initial);
    if (!run(m, cie->program, FOREVER))
        return false;
    copy(m, &m->initial, &m->row);
    return true;
}

bool mt_cfi_row_at(const struct mt_cfi_cie *cie, struct mt_cfi_reader program, uintptr_t begin,
                   uintptr_t end, uintptr_t pc, bool others, struct mt_cfi_row *row)
{
    struct machine m;
    bool understood;

    if (!begin_machine(&m, cie, begin, others))
        return false;
    m.loc = m.from = begin;
    m.stop = pc;
    if (!others && !m.depends && m.depth == 0)
        m.points = take_points(&program, begin, end);
    if (m.points)
        go_to_point(&m, &program, pc);
    if (m.stop > pc)
        m.stop = pc;
    understood = run(&m, program, pc);
    if (m.points)
        give_points();
    if (!understood)
        return false;
    copy(&m, row, &m.row);
    row->from = m.depends ? 0 : m.from;
    row->to = m.depends ? 0 : m.loc > pc && m.loc < end ? m.loc : end;
    return true;
}
