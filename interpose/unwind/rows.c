/* SPDX-License-Identifier: MIT */
#include "unwind/rows.h"

#include "base/aside.h"
#include "format.h"
#include "unwind/arch.h"
#include "unwind/cfi.h"
#include "unwind/expression.h"
#include "unwind/rule.h"
#include "unwind/rule_layout.h"

#define WORD           sizeof(uintptr_t)
#define OWN_FRAMES_MAX 64      /* frames of ours between here and the hook's caller, generously */
#define GUESS_REACH    0x4000u /* as in walk.c */

enum outcome { STEPPED, END, CUT };

/* A frame: its registers by DWARF number, that of the return address not among them, and its pc. */
struct state {
    uintptr_t registers[MT_DW_COUNT];
    uintptr_t pc;
};

struct job {
    struct mt_stack *stack;
    struct mt_bounds *bounds;
    const struct mt_start *from;
    struct state now;
    uint32_t old; /* frames of the capture before, behind which the new ones are put */
};

/* The canonical frame address. */
static bool address_of_frame(struct job *job, const struct mt_cfi_row *row, uintptr_t *cfa)
{
    if (row->cfa == MT_CFI_CFA_OTHER)
        return row->cfa_expression.reg &&
               mt_expression(&row->cfa_expression, job->now.registers, 0, job->bounds, cfa);
    if (row->reg >= MT_DW_COUNT)
        return false;
    *cfa = job->now.registers[row->reg] + (uintptr_t)row->offset;
    return row->cfa == MT_CFI_CFA_REG || mt_expression_word(job->bounds, *cfa, cfa);
}

/* A register of the caller, which is `*value` if it is unchanged. */
static bool restore(struct job *job, const struct mt_cfi_place *place, uintptr_t cfa,
                    uintptr_t *value)
{
    const uintptr_t *registers = job->now.registers;
    uintptr_t at;

    switch (place->where) {
    case MT_CFI_SAME:
    case MT_CFI_UNDEFINED:
        return true;
    case MT_CFI_AT_CFA:
        return mt_expression_word(job->bounds, cfa + (uintptr_t)place->offset, value);
    case MT_CFI_AT_REG:
        return place->reg < MT_DW_COUNT &&
               mt_expression_word(job->bounds, registers[place->reg] + (uintptr_t)place->offset,
                                  value);
    case MT_CFI_VALUE_CFA:
        *value = cfa + (uintptr_t)place->offset;
        return true;
    case MT_CFI_REGISTER:
        *value = registers[place->reg];
        return true;
    case MT_CFI_EXPRESSION:
        return mt_expression(place, registers, cfa, job->bounds, &at) &&
               mt_expression_word(job->bounds, at, value);
    case MT_CFI_VALUE_EXPRESSION:
        return mt_expression(place, registers, cfa, job->bounds, value);
    default:
        return false;
    }
}

/* Whether the return address is in the register that holds it at a call, as on aarch64. */
static inline bool ra_in_register(void)
{
    return MT_DW_RA < MT_DW_SP;
}

static enum outcome step_row(struct job *job, const struct mt_cfi_row *row)
{
    struct state next = job->now;
    uintptr_t cfa = 0, ra = next.registers[MT_DW_RA];

    if (row->ra.where == MT_CFI_UNDEFINED)
        return END;
    if (!address_of_frame(job, row, &cfa) || cfa % WORD ||
        (!row->signal && cfa <= job->now.registers[MT_DW_SP] &&
         !(ra_in_register() && cfa == job->now.registers[MT_DW_SP])))
        return CUT;
    for (unsigned i = 0; i < MT_DW_COUNT; i++)
        if (i != MT_DW_FP && i != MT_DW_RA && i != MT_DW_SP &&
            !restore(job, &row->other[i], cfa, &next.registers[i]))
            return CUT;
    next.registers[MT_DW_SP] = cfa;
    if (!restore(job, &row->fp, cfa, &next.registers[MT_DW_FP]) ||
        !restore(job, &row->ra, cfa, &ra) ||
        (row->other[MT_DW_SP].where != MT_CFI_SAME &&
         !restore(job, &row->other[MT_DW_SP], cfa, &next.registers[MT_DW_SP])))
        return CUT;
    if (row->ra.where == MT_CFI_SAME && !ra_in_register())
        return CUT;
    next.registers[MT_DW_RA] = ra;
    next.pc = mt_arch_ra(ra) + row->signal;
    job->now = next;
    return ra == 0 ? END : STEPPED;
}

/* A signal handler's trampoline. The kernel saved all registers. What may describe it on aarch64, the vDSO's, knows the interrupted
 * function's return address and not where it was interrupted. */
static enum outcome step_signal(struct job *job)
{
    struct state next = job->now;
    uintptr_t sp = job->now.registers[MT_DW_SP], pc;

    for (unsigned i = 0; i < MT_DW_COUNT; i++)
        if (!mt_expression_word(job->bounds, sp + mt_arch_signal_place(i), &next.registers[i]))
            return CUT;
    if (!mt_expression_word(job->bounds, sp + MT_ARCH_SIGNAL_PC, &pc))
        return CUT;
    next.pc = pc + 1;
    job->now = next;
    return pc == 0 ? END : STEPPED;
}

/* Nothing describes the frame: follow the frame pointer, or end. */
static enum outcome step_guess(struct job *job)
{
    uintptr_t *r = job->now.registers, fp = r[MT_DW_FP], pc;

    if (fp == 0)
        return END;
    if (fp < r[MT_DW_SP] || fp - r[MT_DW_SP] > GUESS_REACH || fp % WORD ||
        !mt_expression_word(job->bounds, fp, &r[MT_DW_FP]) ||
        !mt_expression_word(job->bounds, fp + WORD, &pc))
        return CUT;
    r[MT_DW_SP] = fp + 2 * WORD;
    job->now.pc = mt_arch_ra(pc);
    return pc == 0 ? END : STEPPED;
}

/* A PLT entry that nothing describes: the return address is the first word of the stack. */
static enum outcome step_plt(struct job *job, mt_rule rule)
{
    uintptr_t *r = job->now.registers, pc;
    uintptr_t cfa = r[MT_DW_SP] + MT_ARCH_RULE_N(rule) * WORD;

    if (!mt_expression_word(job->bounds, cfa - MT_ARCH_RULE_RA(rule) * WORD, &pc))
        return CUT;
    r[MT_DW_SP] = cfa;
    job->now.pc = mt_arch_ra(pc);
    return pc == 0 ? END : STEPPED;
}

static enum outcome step(struct job *job)
{
    struct mt_cfi_row row;
    uintptr_t word;
    mt_rule rule = mt_rule_of(job->now.pc);
    unsigned kind = MT_RULE_KIND(rule);

    if (kind == MT_RULE_END)
        return END;
    if (kind == MT_RULE_SIGNAL ||
        (kind == MT_RULE_GUESS &&
         mt_expression_word(job->bounds, job->now.registers[MT_DW_SP] + MT_ARCH_SIGNAL_FLAGS,
                            &word) &&
         mt_rule_signal(job->now.pc, word)))
        return step_signal(job);
    if (mt_cfi_find(job->now.pc - 1, true, &row) == MT_CFI_FOUND)
        return step_row(job, &row);
    if (kind == MT_RULE_GUESS)
        return step_guess(job);
    return kind == MT_RULE_SP ? step_plt(job, rule) : CUT;
}

/* Step over our own frames to the hook's caller. */
static bool skip_own(struct job *job)
{
    for (unsigned i = 0; i < OWN_FRAMES_MAX; i++) {
        if (job->now.registers[MT_DW_SP] == job->from->sp)
            return job->now.pc == job->from->pc;
        if (step(job) != STEPPED)
            return false;
    }
    return false;
}

/* All frames from here outward are put behind the old ones, innermost first. Returns the cut. */
static uint32_t step_all(struct job *job)
{
    struct mt_stack *stack = job->stack;
    uint32_t n = job->old;

    for (;;) {
        struct mt_frame frame = {job->now.pc, job->now.registers[MT_DW_SP]};
        enum outcome outcome;

        if (n > job->old && !mt_bounds_code(frame.pc))
            return 2;
        /* A frame that is its own caller: the outer end of a stack that was made by hand. */
        if (n > job->old && stack->frames[n - 1].pc == frame.pc &&
            stack->frames[n - 1].sp == frame.sp)
            return 0;
        if (!mt_unwind_reserve(stack, n + 1))
            return 2;
        stack->frames[n] = frame;
        stack->used = ++n;
        outcome = step(job);
        if (outcome != STEPPED)
            return outcome == END ? 0 : 2;
        if (n - job->old == MT_DEPTH_MAX)
            return 1;
    }
}

static void capture(void *job_)
{
    struct job *job = job_;
    uint32_t cut = 2;

    mt_bounds_begin(job->bounds);
    mt_bounds_own(job->bounds, job->from->sp - WORD);
    if (skip_own(job))
        cut = step_all(job);
    if (job->stack->used > job->old)
        mt_unwind_settle(job->stack, job->old, cut);
    else
        mt_unwind_caller_only(job->stack, job->from);
}

void mt_unwind_rows(struct mt_stack *stack, struct mt_bounds *bounds, const struct mt_start *from)
{
    struct job job = {.stack = stack, .bounds = bounds, .from = from};

    job.old = stack->used = stack->cap ? stack->used : 0;
    mt_arch_registers(job.now.registers, &job.now.pc);
    job.now.pc++; /* the pc itself, not a return address */
    mt_aside(capture, &job);
}
