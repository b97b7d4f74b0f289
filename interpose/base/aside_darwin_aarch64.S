/* SPDX-License-Identifier: MIT
 *
 * void mt_aside_switch(void (*work)(void *), void *context, char *top): base/aside.h. As in aside_aarch64.S, in the assembler's
 * language for Mach-O.
 */
    .text
    .p2align 4
    .globl _mt_aside_switch
    .private_extern _mt_aside_switch
_mt_aside_switch:
    .cfi_startproc
    stp x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset w29, -16
    .cfi_offset w30, -8
    mov x29, sp
    .cfi_def_cfa w29, 16
    mov x9, x0
    mov x0, x1
    mov sp, x2
    blr x9
    mov sp, x29
    ldp x29, x30, [sp], #16
    ret
    .cfi_endproc
    .subsections_via_symbols
