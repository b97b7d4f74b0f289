/* SPDX-License-Identifier: MIT
 *
 * .eh_frame: the object by loader/object.h, the frame description entry (FDE) by the sorted table in
 * .eh_frame_hdr, then the entry's program up to the wanted pc. See the Linux Standard Base, chapter "Exception
 * Frames", and DWARF 4, section 6.4.
 *
 * The object is mapped and stays so: its code is on the stack of the thread that asks.
 */
#include "unwind/cfi.h"

#include <string.h>

#include "loader/object.h"
#include "unwind/arch.h"

/* Pointer encodings. */
#define ENC_OMIT     0xffu
#define ENC_ABSPTR   0x00u
#define ENC_UDATA2   0x02u
#define ENC_UDATA4   0x03u
#define ENC_UDATA8   0x04u
#define ENC_SDATA2   0x0au
#define ENC_SDATA4   0x0bu
#define ENC_SDATA8   0x0cu
#define ENC_PCREL    0x10u
#define ENC_DATAREL  0x30u
#define ENC_INDIRECT 0x80u

/* The table that is searched: 32-bit offsets from the header's start. */
#define ENC_TABLE (ENC_DATAREL | ENC_SDATA4)

#define REMEMBERED_MAX 8
#define FOREVER        UINTPTR_MAX

/* A bounded reader: past the end it reads zeros and `bad` is set. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct cie {
    uint64_t code_align;
    int64_t data_align;
    unsigned ra;
    unsigned encoding; /* of addresses in the FDE */
    bool augmented;    /* the FDE has augmentation data */
    bool signal;
    struct reader program;
};

struct machine {
    const struct cie *cie;
    struct mt_cfi_row row;
    struct mt_cfi_row initial;
    struct mt_cfi_row remembered[REMEMBERED_MAX];
    unsigned depth;
    uintptr_t loc;
};

static uint64_t fixed(struct reader *r, unsigned bytes)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < bytes) {
        r->bad = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&value, r->at, bytes); /* little-endian, as both processors are */
    r->at += bytes;
    return value;
}

static uint64_t uleb(struct reader *r)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = (uint8_t)fixed(r, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static int64_t sleb(struct reader *r)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = (uint8_t)fixed(r, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if ((byte & 0x40) && shift < 64)
        value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
}

/* An encoded pointer; relative to its own place or absolute. Anything else sets `bad`. */
static uintptr_t encoded(struct reader *r, unsigned encoding)
{
    uintptr_t base = 0;
    uint64_t value = 0;

    if ((encoding & 0x70) == ENC_PCREL)
        base = (uintptr_t)r->at;
    else if ((encoding & 0x70) != 0 || (encoding & ENC_INDIRECT))
        r->bad = true;
    switch (encoding & 0x0f) {
    case ENC_ABSPTR:
    case ENC_UDATA8:
    case ENC_SDATA8:
        value = fixed(r, 8);
        break;
    case ENC_UDATA4:
        value = fixed(r, 4);
        break;
    case ENC_SDATA4:
        value = (uint64_t)(int64_t)(int32_t)fixed(r, 4);
        break;
    case ENC_UDATA2:
        value = fixed(r, 2);
        break;
    case ENC_SDATA2:
        value = (uint64_t)(int64_t)(int16_t)fixed(r, 2);
        break;
    default:
        r->bad = true;
    }
    return base + value;
}

/* A CIE or FDE at `at`: a reader of what follows its length, and the place of its id field. */
static bool entry(const uint8_t *at, struct reader *body)
{
    uint32_t length;

    memcpy(&length, at, 4);
    if (length == 0 ||
        length == 0xffffffffu) /* the end; the 64-bit form, which nobody uses in .eh_frame */
        return false;
    body->at = at + 4;
    body->end = body->at + length;
    body->bad = false;
    return true;
}

/* The augmentation string's letters and their data. False: a letter is unknown. */
static bool read_augmentation(struct cie *cie, const char *letters, struct reader *r)
{
    if (*letters == '\0')
        return true;
    if (*letters++ != 'z')
        return false;
    cie->augmented = true;

    uint64_t bytes = uleb(r);
    const uint8_t *after = r->at + bytes;

    if (bytes > (size_t)(r->end - r->at))
        return false;
    for (; *letters; letters++) {
        if (*letters == 'R') {
            cie->encoding = (unsigned)fixed(r, 1);
        } else if (*letters == 'L') {
            fixed(r, 1);
        } else if (*letters == 'P') {
            unsigned encoding = (unsigned)fixed(r, 1);

            /* Skipped: only its size counts, so the indirect and relative flags don't matter. */
            encoded(r, encoding & 0x0f);
        } else if (*letters == 'S') {
            cie->signal = true;
        } else if (*letters != 'B') {
            return false;
        }
    }
    r->at = after;
    return !r->bad;
}

static bool read_cie(const uint8_t *at, struct cie *cie)
{
    struct reader r;
    unsigned version;
    const char *letters;

    memset(cie, 0, sizeof *cie);
    if (!entry(at, &r) || fixed(&r, 4) != 0)
        return false;
    version = (unsigned)fixed(&r, 1);
    letters = (const char *)r.at;
    while (fixed(&r, 1) != 0)
        continue;
    if (r.bad || (version != 1 && version != 3))
        return false;
    cie->encoding = ENC_ABSPTR;
    cie->code_align = uleb(&r);
    cie->data_align = sleb(&r);
    cie->ra = version == 1 ? (unsigned)fixed(&r, 1) : (unsigned)uleb(&r);
    if (!read_augmentation(cie, letters, &r) || cie->ra != MT_DW_RA)
        return false;
    cie->program = r;
    return !r.bad;
}

/* A location expression of the form "register + offset", "the word at that", or the one of lazy PLTs. */
static enum mt_cfi_cfa simple_expression(struct reader e, uintptr_t pc, unsigned *reg,
                                         int64_t *offset)
{
    unsigned op = (unsigned)fixed(&e, 1);
    size_t left;

    if (op < 0x70 || op > 0x8f) /* DW_OP_breg0..31 */
        return MT_CFI_CFA_OTHER;
    *reg = op - 0x70;
    *offset = sleb(&e);
    left = (size_t)(e.end - e.at);
    if (e.bad)
        return MT_CFI_CFA_OTHER;
    if (left == 0)
        return MT_CFI_CFA_REG;
    if (left == 1 && *e.at == 0x06) /* DW_OP_deref */
        return MT_CFI_CFA_DEREF;
    return mt_arch_plt_expression(e.at, left, pc, offset) ? MT_CFI_CFA_REG : MT_CFI_CFA_OTHER;
}

static struct mt_cfi_place *place_of(struct mt_cfi_row *row, unsigned reg)
{
    if (reg == MT_DW_FP)
        return &row->fp;
    return reg == MT_DW_RA ? &row->ra : NULL;
}

static void set_place(struct machine *m, unsigned reg, enum mt_cfi_where where, int64_t offset)
{
    struct mt_cfi_place *place = place_of(&m->row, reg);

    if (place)
        *place = (struct mt_cfi_place){.where = where, .offset = offset};
}

/* DW_CFA_expression; `value`: DW_CFA_val_expression, whose result is the value and not where it is stored. */
static void set_expression(struct machine *m, struct reader *r, uintptr_t pc, bool value)
{
    unsigned reg = (unsigned)uleb(r);
    uint64_t bytes = uleb(r);
    struct mt_cfi_place *place = place_of(&m->row, reg);
    struct reader e = {r->at, r->at, false};

    if (bytes > (size_t)(r->end - r->at)) {
        r->bad = true;
        return;
    }
    e.end = r->at += bytes;
    if (!place)
        return;
    place->where = MT_CFI_OTHER;
    if (!value && simple_expression(e, pc, &place->reg, &place->offset) == MT_CFI_CFA_REG)
        place->where = MT_CFI_AT_REG;
}

static void set_cfa_expression(struct machine *m, struct reader *r, uintptr_t pc)
{
    uint64_t bytes = uleb(r);
    struct reader e = {r->at, r->at, false};

    if (bytes > (size_t)(r->end - r->at)) {
        r->bad = true;
        return;
    }
    e.end = r->at += bytes;
    m->row.cfa = simple_expression(e, pc, &m->row.reg, &m->row.offset);
}

static void restore(struct machine *m, unsigned reg)
{
    struct mt_cfi_place *place = place_of(&m->row, reg);

    if (place)
        *place = *place_of(&m->initial, reg);
}

static void remember(struct machine *m, struct reader *r)
{
    if (m->depth == REMEMBERED_MAX)
        r->bad = true;
    else
        m->remembered[m->depth++] = m->row;
}

static void recall(struct machine *m, struct reader *r)
{
    if (m->depth == 0)
        r->bad = true;
    else
        m->row = m->remembered[--m->depth];
}

/* The canonical frame address rules, DW_CFA_def_cfa and its variants. */
static void define_cfa(struct machine *m, unsigned op, struct reader *r)
{
    if (op != 0x0e && op != 0x13) /* all but def_cfa_offset[_sf] name a register */
        m->row.reg = (unsigned)uleb(r);
    if (op == 0x0c || op == 0x0e) /* def_cfa, def_cfa_offset */
        m->row.offset = (int64_t)uleb(r);
    else if (op == 0x12 || op == 0x13) /* the factored variants */
        m->row.offset = sleb(r) * m->cie->data_align;
    if (op != 0x0d && op != 0x0e && op != 0x13)
        m->row.cfa = MT_CFI_CFA_REG;
    else if (m->row.cfa != MT_CFI_CFA_REG)
        r->bad = true;
}

/* An instruction with its opcode in the low six bits. */
static void extended(struct machine *m, unsigned op, struct reader *r, uintptr_t pc)
{
    int64_t align = m->cie->data_align;
    unsigned reg;

    switch (op) {
    case 0x00: /* nop */
        break;
    case 0x01: /* set_loc */
        m->loc = encoded(r, m->cie->encoding);
        break;
    case 0x02: /* advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        m->loc += fixed(r, 1u << (op - 2)) * m->cie->code_align;
        break;
    case 0x05: /* offset_extended */
        reg = (unsigned)uleb(r);
        set_place(m, reg, MT_CFI_AT_CFA, (int64_t)uleb(r) * align);
        break;
    case 0x06: /* restore_extended */
        restore(m, (unsigned)uleb(r));
        break;
    case 0x07: /* undefined */
        set_place(m, (unsigned)uleb(r), MT_CFI_UNDEFINED, 0);
        break;
    case 0x08: /* same_value */
        set_place(m, (unsigned)uleb(r), MT_CFI_SAME, 0);
        break;
    case 0x09: /* register */
        set_place(m, (unsigned)uleb(r), MT_CFI_OTHER, 0);
        uleb(r);
        break;
    case 0x0a:
        remember(m, r);
        break;
    case 0x0b:
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
    case 0x10: /* expression */
        set_expression(m, r, pc, false);
        break;
    case 0x11: /* offset_extended_sf */
        reg = (unsigned)uleb(r);
        set_place(m, reg, MT_CFI_AT_CFA, sleb(r) * align);
        break;
    case 0x14: /* val_offset */
        set_place(m, (unsigned)uleb(r), MT_CFI_OTHER, 0);
        uleb(r);
        break;
    case 0x15: /* val_offset_sf */
        set_place(m, (unsigned)uleb(r), MT_CFI_OTHER, 0);
        sleb(r);
        break;
    case 0x16: /* val_expression */
        set_expression(m, r, pc, true);
        break;
    case 0x2d: /* aarch64: negate_ra_state; elsewhere GNU_window_save, which no processor here has */
        m->row.signed_ra = !m->row.signed_ra;
        break;
    case 0x2e: /* GNU_args_size */
        uleb(r);
        break;
    default:
        r->bad = true;
    }
}

/* Run a program until the row for `pc` is complete. False: not understood. */
static bool run(struct machine *m, struct reader r, uintptr_t pc)
{
    while (r.at < r.end && !r.bad) {
        unsigned byte = (unsigned)fixed(&r, 1);
        unsigned low = byte & 0x3f;

        if ((byte & 0xc0) == 0x40) /* advance_loc */
            m->loc += low * m->cie->code_align;
        else if ((byte & 0xc0) == 0x80) /* offset */
            set_place(m, low, MT_CFI_AT_CFA, (int64_t)uleb(&r) * m->cie->data_align);
        else if ((byte & 0xc0) == 0xc0)
            restore(m, low);
        else
            extended(m, low, &r, pc);
        if (m->loc > pc)
            return !r.bad;
    }
    return !r.bad;
}

/* The FDE that may cover `pc`, NULL if none. */
static const uint8_t *search(const uint8_t *header, uintptr_t pc, bool *unreadable)
{
    struct reader r = {header, header + 16, false};
    unsigned version = (unsigned)fixed(&r, 1);
    unsigned frame_encoding = (unsigned)fixed(&r, 1);
    unsigned count_encoding = (unsigned)fixed(&r, 1);
    unsigned table_encoding = (unsigned)fixed(&r, 1);
    int64_t wanted = (int64_t)(pc - (uintptr_t)header);
    uint64_t low = 0, high;
    const int32_t(*table)[2];

    *unreadable = true;
    if (version != 1 || frame_encoding == ENC_OMIT || table_encoding != ENC_TABLE)
        return NULL;
    encoded(&r, frame_encoding);
    high = encoded(&r, count_encoding);
    if (r.bad)
        return NULL;
    *unreadable = false;
    table = (const int32_t(*)[2])(const void *)r.at;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (table[middle][0] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? header + table[low - 1][1] : NULL;
}

static enum mt_cfi_result row_of(const uint8_t *fde, uintptr_t pc, struct mt_cfi_row *row)
{
    struct reader r;
    struct cie cie;
    struct machine m;
    uintptr_t begin, bytes;
    const uint8_t *id;

    if (!entry(fde, &r))
        return MT_CFI_UNREADABLE;
    id = r.at;
    if (!read_cie(id - (uint32_t)fixed(&r, 4), &cie))
        return MT_CFI_UNREADABLE;
    begin = encoded(&r, cie.encoding);
    bytes = encoded(&r, cie.encoding & 0x0f);
    if (cie.augmented) {
        uint64_t skip = uleb(&r);

        if (skip > (size_t)(r.end - r.at))
            return MT_CFI_UNREADABLE;
        r.at += skip;
    }
    if (r.bad)
        return MT_CFI_UNREADABLE;
    if (pc < begin || pc - begin >= bytes)
        return MT_CFI_NO_FRAME;
    memset(&m, 0, sizeof m);
    m.cie = &cie;
    m.row.cfa = MT_CFI_CFA_OTHER;
    m.row.signal = cie.signal;
    m.row.begin = begin;
    if (!run(&m, cie.program, FOREVER))
        return MT_CFI_UNREADABLE;
    m.initial = m.row;
    m.loc = begin;
    if (!run(&m, r, pc))
        return MT_CFI_UNREADABLE;
    *row = m.row;
    return MT_CFI_FOUND;
}

enum mt_cfi_result mt_cfi_find(uintptr_t pc, struct mt_cfi_row *row)
{
    struct mt_object object;
    const uint8_t *fde;
    bool unreadable;

    if (!mt_object_at(pc, &object))
        return MT_CFI_NO_OBJECT;
    if (!object.unwinding)
        return MT_CFI_NO_FRAME;
    fde = search(object.unwinding, pc, &unreadable);
    if (!fde)
        return unreadable ? MT_CFI_UNREADABLE : MT_CFI_NO_FRAME;
    return row_of(fde, pc, row);
}
