/* SPDX-License-Identifier: MIT
 *
 * x86_64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cfi.h"
#include "unwind_rule.h"

/* libunwind's function that saves the registers, as a symbol of its library. */
#define MT_ARCH_GETCONTEXT "_Ux86_64_getcontext"

/* Save the registers of the frame that this stands in. `function` is MT_ARCH_GETCONTEXT's address.
 */
#define mt_arch_getcontext(function, context) ((void)(function)(context))

/* DWARF register numbers. */
#define MT_DW_FP 6u
#define MT_DW_SP 7u
#define MT_DW_RA 16u

/* A rule: kind in bits 0..2, the canonical frame address's offset in words in bits 3..18, the words
 * from it down to the saved frame pointer in bits 19..24 (0: not saved). The return address is the
 * first word below it. */
#define MT_ARCH_RULE(kind, n, fp) ((uint32_t)(kind) | (uint32_t)(n) << 3 | (uint32_t)(fp) << 19)
#define MT_ARCH_RULE_N(rule)      ((rule) >> 3 & 0xffffu)
#define MT_ARCH_RULE_FP(rule)     ((rule) >> 19 & 63u)
#define MT_ARCH_RULE_RA(rule)     1u
#define MT_ARCH_N_MAX             0xffff
#define MT_ARCH_FP_MAX            63

/* A return address as it stands in memory, made plain. */
static inline uintptr_t mt_arch_ra(uintptr_t word)
{
    return word;
}

/* The registers that the kernel saved for a signal handler that returns to the C library's
 * trampoline, in bytes from the trampoline's stack pointer: a struct ucontext. */
#define MT_ARCH_SIGNAL_FP 120
#define MT_ARCH_SIGNAL_SP 160
#define MT_ARCH_SIGNAL_PC 168

/* Code that a signal handler returns to: mov $15, %rax; syscall. */
static inline bool mt_arch_is_trampoline(const uint8_t *code)
{
    static const uint8_t form[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};

    return memcmp(code, form, sizeof form) == 0;
}
#define MT_ARCH_TRAMPOLINE_BYTES 9

/* The rest of the frame address's expression that linkers write for lazy PLTs: breg7 8 has been
 * read; then breg16 0, lit15, and, lit11 (lit10 with IBT), ge, lit3, shl, plus. */
static inline bool mt_arch_plt_expression(const uint8_t *at, size_t bytes, uintptr_t pc,
                                          int64_t *offset)
{
    static const uint8_t form[] = {0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
    uint8_t found[sizeof form];

    if (bytes != sizeof form)
        return false;
    memcpy(found, at, sizeof form);
    if (found[4] < 0x30 || found[4] > 0x3f)
        return false;
    if ((pc & 15) >= (uintptr_t)(found[4] - 0x30))
        *offset += 8;
    found[4] = 0x3b;
    return memcmp(found, form, sizeof form) == 0;
}

/* The kernel's signal frame, as the C library describes it. */
static inline bool mt_arch_is_signal(const struct mt_cfi_row *row)
{
    return row->signal && row->cfa == MT_CFI_CFA_DEREF && row->reg == MT_DW_SP &&
           row->offset == MT_ARCH_SIGNAL_SP && row->ra.where == MT_CFI_AT_REG &&
           row->ra.reg == MT_DW_SP && row->ra.offset == MT_ARCH_SIGNAL_PC &&
           row->fp.where == MT_CFI_AT_REG && row->fp.reg == MT_DW_SP &&
           row->fp.offset == MT_ARCH_SIGNAL_FP;
}

/* A function that realigned its stack and keeps the frame address in memory: in the word at the
 * frame pointer minus 8 n, with the caller's frame pointer at the frame pointer. */
static inline uint32_t mt_arch_realigned(const struct mt_cfi_row *row)
{
    if (row->signal || row->reg != MT_DW_FP || row->fp.where != MT_CFI_AT_REG ||
        row->fp.reg != MT_DW_FP || row->fp.offset != 0 || row->offset >= 0 || row->offset % 8 ||
        -row->offset / 8 > MT_ARCH_N_MAX || row->ra.where != MT_CFI_AT_CFA || row->ra.offset != -8)
        return MT_RULE_SLOW;
    return MT_ARCH_RULE(MT_RULE_REALIGNED, -row->offset / 8, 0);
}

/* The rule that says the same as `row`, or MT_RULE_SLOW. */
static inline uint32_t mt_arch_rule(const struct mt_cfi_row *row)
{
    int64_t fp = 0;

    if (row->ra.where == MT_CFI_UNDEFINED)
        return MT_RULE_END;
    if (mt_arch_is_signal(row))
        return MT_RULE_SIGNAL;
    if (row->cfa == MT_CFI_CFA_DEREF)
        return mt_arch_realigned(row);
    if (row->signal || row->cfa != MT_CFI_CFA_REG || row->ra.where != MT_CFI_AT_CFA ||
        row->ra.offset != -8 || row->offset <= 0 || row->offset % 8 ||
        row->offset / 8 > MT_ARCH_N_MAX)
        return MT_RULE_SLOW;
    if (row->fp.where == MT_CFI_AT_CFA)
        fp = -row->fp.offset;
    if ((row->fp.where != MT_CFI_SAME && row->fp.where != MT_CFI_AT_CFA) || fp < 0 || fp % 8 ||
        fp / 8 > MT_ARCH_FP_MAX ||
        fp > row->offset + (row->reg == MT_DW_FP ? 8 * MT_ARCH_FP_MAX : 0) ||
        (row->fp.where == MT_CFI_AT_CFA && fp < 16))
        return MT_RULE_SLOW;
    if (row->reg == MT_DW_SP)
        return MT_ARCH_RULE(MT_RULE_SP, row->offset / 8, fp / 8);
    return row->reg == MT_DW_FP ? MT_ARCH_RULE(MT_RULE_FP, row->offset / 8, fp / 8) : MT_RULE_SLOW;
}

/* A lazy PLT entry without a description, as lld writes them: jmp *x(%rip); push n; jmp y. */
static inline bool mt_arch_is_plt(const uint8_t *code)
{
    return code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}
#define MT_ARCH_PLT_BYTES 16
#define MT_ARCH_PLT_RULE  MT_ARCH_RULE(MT_RULE_SP, 1, 0)

/* The C library's descriptor of the thread: in threads that it made, on top of the stack. */
static inline uintptr_t mt_arch_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

/* Valgrind's client request 0x1801: more (1) or less (-1) reason not to tell this thread's errors. For everybody else
 * these rotations and the exchange do nothing. */
static inline void mt_arch_valgrind_quiet(long change)
{
    const uint64_t request[6] = {0x1801, (uint64_t)change};
    uint64_t answer = 0;

    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(request)
                     : "cc", "memory");
}

#endif
