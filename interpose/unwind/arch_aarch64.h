/* SPDX-License-Identifier: MIT
 *
 * aarch64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_AARCH64_H
#define MT_UNWIND_ARCH_AARCH64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "unwind/bounds.h"

/* libunwind saves the registers by inline assembly here: there is no function to look up. */
#define MT_ARCH_GETCONTEXT ""

#define mt_arch_getcontext(function, context) ((void)(function), unw_tdep_getcontext(context))

/* The processor in the log: ELF's number. */
#define MT_ARCH_MACHINE 183

/* DWARF register numbers. */
#define MT_DW_FP    29u
#define MT_DW_SP    31u
#define MT_DW_RA    30u
#define MT_DW_COUNT 32u

/* The registers of the function that this stands in, by DWARF number, as far as a function keeps them for its caller; and
 * the pc that they belong to. */
#define mt_arch_registers(registers, pc)                                                           \
    __asm__ volatile("stp x19, x20, [%0, #152]\n\tstp x21, x22, [%0, #168]\n\t"                    \
                     "stp x23, x24, [%0, #184]\n\tstp x25, x26, [%0, #200]\n\t"                    \
                     "stp x27, x28, [%0, #216]\n\tstp x29, x30, [%0, #232]\n\t"                    \
                     "mov x9, sp\n\tstr x9, [%0, #248]\n\tadr x9, 0f\n0:\tstr x9, [%1]"            \
                     :                                                                             \
                     : "r"(registers), "r"(pc)                                                     \
                     : "x9", "memory")

/* A return address as it stands in memory, made plain: without its authentication code. */
static inline uintptr_t mt_arch_ra(uintptr_t word)
{
    return word & ((1ul << 48) - 1);
}

/* The registers that the kernel saved for a signal handler, in bytes from the trampoline's stack
 * pointer: siginfo_t (128 bytes), then a struct ucontext, whose uc_mcontext is at 176. */
#define MT_ARCH_SIGNAL_FLAGS 128 /* uc_flags; an emulator leaves siginfo_t empty */
#define MT_ARCH_SIGNAL_FP    544
#define MT_ARCH_SIGNAL_SP    560
#define MT_ARCH_SIGNAL_PC    568

/* The same of any register, by DWARF number. */
static inline uintptr_t mt_arch_signal_place(unsigned number)
{
    return MT_ARCH_SIGNAL_FP - MT_DW_FP * sizeof(uintptr_t) + number * sizeof(uintptr_t);
}

/* Code that a signal handler returns to: mov x8, #139; svc #0. */
static inline bool mt_arch_is_trampoline(const uint8_t *code)
{
    static const uint8_t form[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};

    return memcmp(code, form, sizeof form) == 0;
}
#define MT_ARCH_TRAMPOLINE_BYTES 8

static inline bool mt_arch_plt_expression(const uint8_t *at, size_t bytes, uintptr_t pc,
                                          int64_t *offset)
{
    (void)at;
    (void)bytes;
    (void)pc;
    (void)offset;
    return false;
}

/* PLT entries don't move the stack pointer, but the caller is only in the link register: the full
 * unwinder knows it. */
static inline bool mt_arch_is_plt(const uint8_t *code)
{
    (void)code;
    return false;
}
#define MT_ARCH_PLT_BYTES 16

/* Where the C library's descriptor of the thread lies, from the thread pointer, and what of it is read. */
#define MT_ARCH_DESCRIPTOR       (-2048)
#define MT_ARCH_DESCRIPTOR_BYTES 2048

/* The C library's descriptor of the thread: in threads that it made, on top of the stack. */
static inline uintptr_t mt_arch_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
    return pointer;
}

/* Valgrind's client request 0x1801: one reason more (1) or less (-1) to keep this thread's errors
 * to itself. For everybody else these rotations and the or do nothing. */
static inline void mt_arch_valgrind_quiet(long change)
{
    const uint64_t request[6] = {0x1801, (uint64_t)change};
    register uint64_t answer __asm__("x3") = 0;
    register const uint64_t *asked __asm__("x4") = request;

    __asm__ volatile(
        "ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\t"
        "orr x10, x10, x10"
        : "+r"(answer)
        : "r"(asked)
        : "cc", "memory");
}

/* ---- A word that a remembered stack depends on (arch.h), for unwind/whole.h.
 * The word and its address, in full: aarch64's signed return addresses have bits everywhere. ---- */

typedef struct {
    uintptr_t want, at;
} mt_arch_word;

#define MT_ARCH_WORDS_STEP 1u

static inline bool mt_arch_word_fits(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    (void)want;
    return at - sp <= UINT32_MAX;
}

static inline mt_arch_word mt_arch_word_of(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    (void)sp;
    return (mt_arch_word){want, at};
}

static inline uintptr_t mt_arch_word_want(const mt_arch_word *word)
{
    return word->want;
}

static inline uintptr_t mt_arch_word_at(const mt_arch_word *word, uintptr_t sp)
{
    (void)sp;
    return word->at;
}

static inline bool mt_arch_words_stand(const mt_arch_word *words, uint32_t count, uintptr_t sp)
{
    const mt_arch_word *w = words, *end = w + count;
    (void)sp;
    for (; end - w >= 4; w += 4)
        if (((mt_bounds_word(w[0].at) ^ w[0].want) | (mt_bounds_word(w[1].at) ^ w[1].want) |
             (mt_bounds_word(w[2].at) ^ w[2].want) | (mt_bounds_word(w[3].at) ^ w[3].want)) != 0)
            return false;
    for (; w < end; w++)
        if (mt_bounds_word(w->at) != w->want)
            return false;
    return true;
}

#endif
