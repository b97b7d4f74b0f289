/* SPDX-License-Identifier: MIT */
#include "unwind/expression.h"

#include "unwind/cfi_reader.h"

#define DEPTH 16u

struct machine {
    struct mt_cfi_reader r;
    const uintptr_t *registers;
    struct mt_bounds *bounds;
    uintptr_t stack[DEPTH];
    unsigned used;
};

bool mt_expression_word(struct mt_bounds *bounds, uintptr_t address, uintptr_t *word)
{
    if (address < bounds->low || address + sizeof *word > bounds->top || address % sizeof *word)
        return mt_bounds_peek(bounds, address, word);
    *word = mt_bounds_word(address);
    return true;
}

static void push(struct machine *m, uintptr_t value)
{
    if (m->used == DEPTH)
        m->r.bad = true;
    else
        m->stack[m->used++] = value;
}

static uintptr_t pop(struct machine *m)
{
    if (m->used == 0) {
        m->r.bad = true;
        return 0;
    }
    return m->stack[--m->used];
}

static void deref(struct machine *m)
{
    uintptr_t word = 0;

    if (!mt_expression_word(m->bounds, pop(m), &word))
        m->r.bad = true;
    push(m, word);
}

static void pick(struct machine *m, unsigned depth)
{
    if (depth >= m->used)
        m->r.bad = true;
    else
        push(m, m->stack[m->used - 1 - depth]);
}

static void register_plus(struct machine *m, uint64_t reg)
{
    int64_t offset = mt_cfi_sleb(&m->r);

    if (reg >= MT_DW_COUNT)
        m->r.bad = true;
    else
        push(m, m->registers[reg] + (uintptr_t)offset);
}

/* DW_OP_addr and DW_OP_const1u to consts. */
static void constant(struct machine *m, unsigned op)
{
    switch (op) {
    case 0x08: /* const1u, 1s, 2u, 2s, 4u, 4s, 8u, 8s; addr */
        push(m, mt_cfi_fixed(&m->r, 1));
        break;
    case 0x09:
        push(m, (uintptr_t)(int8_t)mt_cfi_fixed(&m->r, 1));
        break;
    case 0x0a:
        push(m, mt_cfi_fixed(&m->r, 2));
        break;
    case 0x0b:
        push(m, (uintptr_t)(int16_t)mt_cfi_fixed(&m->r, 2));
        break;
    case 0x0c:
        push(m, mt_cfi_fixed(&m->r, 4));
        break;
    case 0x0d:
        push(m, (uintptr_t)(int32_t)mt_cfi_fixed(&m->r, 4));
        break;
    case 0x10: /* constu, consts */
        push(m, mt_cfi_uleb(&m->r));
        break;
    case 0x11:
        push(m, (uintptr_t)mt_cfi_sleb(&m->r));
        break;
    default:
        push(m, mt_cfi_fixed(&m->r, 8));
    }
}

/* What takes two values. */
static void binary(struct machine *m, unsigned op)
{
    uintptr_t b = pop(m), a = pop(m);
    intptr_t sa = (intptr_t)a, sb = (intptr_t)b;

    switch (op) {
    case 0x1a: /* and */
        push(m, a & b);
        break;
    case 0x1c: /* minus */
        push(m, a - b);
        break;
    case 0x1e: /* mul */
        push(m, a * b);
        break;
    case 0x21: /* or */
        push(m, a | b);
        break;
    case 0x22: /* plus */
        push(m, a + b);
        break;
    case 0x24: /* shl */
        push(m, b < 64 ? a << b : 0);
        break;
    case 0x25: /* shr */
        push(m, b < 64 ? a >> b : 0);
        break;
    case 0x27: /* xor */
        push(m, a ^ b);
        break;
    default: /* eq, ge, gt, le, lt, ne */
        push(m, op == 0x29   ? a == b
                : op == 0x2a ? sa >= sb
                : op == 0x2b ? sa > sb
                : op == 0x2c ? sa <= sb
                : op == 0x2d ? sa < sb
                             : a != b);
    }
}

static void operate(struct machine *m, unsigned op)
{
    if (op >= 0x30 && op <= 0x4f) { /* lit0..31 */
        push(m, op - 0x30);
    } else if (op >= 0x70 && op <= 0x8f) { /* breg0..31 */
        register_plus(m, op - 0x70);
    } else if (op == 0x92) { /* bregx */
        register_plus(m, mt_cfi_uleb(&m->r));
    } else if (op == 0x03 || (op >= 0x08 && op <= 0x11)) {
        constant(m, op);
    } else if (op == 0x06) {
        deref(m);
    } else if (op == 0x12) { /* dup, drop, over, pick */
        pick(m, 0);
    } else if (op == 0x13) {
        pop(m);
    } else if (op == 0x14) {
        pick(m, 1);
    } else if (op == 0x15) {
        pick(m, (unsigned)mt_cfi_fixed(&m->r, 1));
    } else if (op == 0x23) { /* plus_uconst */
        push(m, pop(m) + mt_cfi_uleb(&m->r));
    } else if (op == 0x1a || op == 0x1c || op == 0x1e || op == 0x21 || op == 0x22 || op == 0x24 ||
               op == 0x25 || op == 0x27 || (op >= 0x29 && op <= 0x2e)) {
        binary(m, op);
    } else if (op != 0x96) { /* nop */
        m->r.bad = true;
    }
}

bool mt_expression(const struct mt_cfi_place *place, const uintptr_t registers[MT_DW_COUNT],
                   uintptr_t first, struct mt_bounds *bounds, uintptr_t *value)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)place->offset;
    struct machine m = {.r = {at, at + place->reg, false},
                        .registers = registers,
                        .bounds = bounds,
                        .stack = {first},
                        .used = 1};

    while (m.r.at < m.r.end && !m.r.bad)
        operate(&m, (unsigned)mt_cfi_fixed(&m.r, 1));
    *value = pop(&m);
    return !m.r.bad;
}
