/* SPDX-License-Identifier: MIT
 *
 * x86_64: what the unwinders need to know of the processor.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "unwind/bounds.h"

/* libunwind's function that saves the registers, as a symbol of its library. */
#define MT_ARCH_GETCONTEXT "_Ux86_64_getcontext"

/* Save the registers of the frame that this stands in. `function` is MT_ARCH_GETCONTEXT's address.
 */
#define mt_arch_getcontext(function, context) ((void)(function)(context))

/* The processor in the log: ELF's number. */
#define MT_ARCH_MACHINE 62

/* DWARF register numbers. */
#define MT_DW_FP    6u
#define MT_DW_SP    7u
#define MT_DW_RA    16u
#define MT_DW_COUNT 17u

/* The registers of the function that this stands in, by DWARF number, as far as a function keeps them for its caller; and
 * the pc that they belong to. */
#define mt_arch_registers(registers, pc)                                                           \
    __asm__ volatile("movq %%rbx, 24(%0)\n\tmovq %%rbp, 48(%0)\n\tmovq %%rsp, 56(%0)\n\t"          \
                     "movq %%r12, 96(%0)\n\tmovq %%r13, 104(%0)\n\tmovq %%r14, 112(%0)\n\t"        \
                     "movq %%r15, 120(%0)\n\tleaq 0f(%%rip), %%rax\n0:\tmovq %%rax, (%1)"          \
                     :                                                                             \
                     : "r"(registers), "r"(pc)                                                     \
                     : "rax", "memory")

/* A return address as it stands in memory, made plain. */
static inline uintptr_t mt_arch_ra(uintptr_t word)
{
    return word;
}

/* The registers that the kernel saved for a signal handler that returns to the C library's
 * trampoline, in bytes from the trampoline's stack pointer: a struct ucontext. */
#define MT_ARCH_SIGNAL_FLAGS 0 /* uc_flags */
#define MT_ARCH_SIGNAL_FP    120
#define MT_ARCH_SIGNAL_SP    160
#define MT_ARCH_SIGNAL_PC    168

/* The same of any register, by DWARF number. */
static inline uintptr_t mt_arch_signal_place(unsigned number)
{
    /* rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip */
    static const uint8_t places[] = {
        144, 136, 152, 128, 112, 104, MT_ARCH_SIGNAL_FP, MT_ARCH_SIGNAL_SP, 40, 48,
        56,  64,  72,  80,  88,  96,  MT_ARCH_SIGNAL_PC};

    return places[number];
}

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

/* A lazy PLT entry without a description, as lld writes them: jmp *x(%rip); push n; jmp y. */
static inline bool mt_arch_is_plt(const uint8_t *code)
{
    return code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}
#define MT_ARCH_PLT_BYTES 16

/* Where the C library's descriptor of the thread lies, from the thread pointer, and what of it is read. */
#define MT_ARCH_DESCRIPTOR       0
#define MT_ARCH_DESCRIPTOR_BYTES 2048

/* The C library's descriptor of the thread: in threads that it made, on top of the stack. */
static inline uintptr_t mt_arch_thread_pointer(void)
{
    uintptr_t pointer;

    __asm__("mov %%fs:0, %0" : "=r"(pointer));
    return pointer;
}

/* Valgrind's client request 0x1801: one reason more (1) or less (-1) to keep this thread's errors
 * to itself. For everybody else these rotations and the exchange do nothing. */
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

/* ---- A word that a remembered stack depends on (arch.h), for unwind/whole.h.
 * In 64 bits: the word, whose upper 16 bits are 0, and in the lowest 16 how many words above the event's stack pointer it stands.
 * That is half of what the two take in full. Where stacks or threads are many, these are most of what an event reads that is in no
 * cache. A stack is not remembered where a word is greater (no address of x86_64's is, unless a program asks for it) or further
 * out than 512 KiB. Two are compared at once: SSE2, which each x86_64 has. ---- */

typedef uint64_t mt_arch_word;

#define MT_ARCH_WORDS_STEP 2u
#define MT_ARCH_WORD_BITS  16 /* for its place */

static inline bool mt_arch_word_fits(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    uintptr_t up = at - sp;
    return want >> (64 - MT_ARCH_WORD_BITS) == 0 && up % 8 == 0 && up / 8 <= UINT16_MAX;
}

static inline mt_arch_word mt_arch_word_of(uintptr_t want, uintptr_t at, uintptr_t sp)
{
    return want << MT_ARCH_WORD_BITS | (at - sp) / 8;
}

static inline uintptr_t mt_arch_word_want(const mt_arch_word *word)
{
    return *word >> MT_ARCH_WORD_BITS;
}

static inline uintptr_t mt_arch_word_at(const mt_arch_word *word, uintptr_t sp)
{
    return sp + (uintptr_t)(uint16_t)*word * 8;
}

/* The bits in which two are not what they must be. */
static inline __attribute__((always_inline)) __m128i mt_arch_words_differ(const mt_arch_word *two,
                                                                          uintptr_t sp)
{
    __m128i want =
        _mm_srli_epi64(_mm_loadu_si128((const __m128i *)(const void *)two), MT_ARCH_WORD_BITS);
    return _mm_xor_si128(want, _mm_set_epi64x((int64_t)mt_bounds_look(mt_arch_word_at(two + 1, sp)),
                                              (int64_t)mt_bounds_look(mt_arch_word_at(two, sp))));
}

static inline __attribute__((always_inline)) bool mt_arch_words_none(__m128i bits)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bits, _mm_setzero_si128())) == 0xffff;
}

static inline __attribute__((always_inline)) bool mt_arch_words_stand(const mt_arch_word *words,
                                                                      uint32_t count, uintptr_t sp)
{
    const mt_arch_word *w = words, *end = w + count;
    __m128i bits = _mm_setzero_si128();
    for (; end - w >= 8; w += 8) {
        __m128i some = _mm_or_si128(mt_arch_words_differ(w, sp), mt_arch_words_differ(w + 2, sp)),
                more =
                    _mm_or_si128(mt_arch_words_differ(w + 4, sp), mt_arch_words_differ(w + 6, sp));
        if (!mt_arch_words_none(_mm_or_si128(some, more)))
            return false;
    }
    for (; w < end; w += 2)
        bits = _mm_or_si128(bits, mt_arch_words_differ(w, sp));
    return mt_arch_words_none(bits);
}

#endif
