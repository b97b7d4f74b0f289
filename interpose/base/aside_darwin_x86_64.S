/* SPDX-License-Identifier: MIT
 *
 * void mt_aside_switch(void (*work)(void *), void *context, char *top): base/aside.h. As in aside_x86_64.S, in the assembler's
 * language for Mach-O. The description becomes one of the compact unwind table: the frame pointer's.
 */
    .text
    .p2align 4
    .globl _mt_aside_switch
    .private_extern _mt_aside_switch
_mt_aside_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    movq %rdx, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    callq *%rax
    movq %rbp, %rsp
    popq %rbp
    retq
    .cfi_endproc
    .subsections_via_symbols
