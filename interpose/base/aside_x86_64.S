/* SPDX-License-Identifier: MIT
 *
 * void mt_aside_switch(void (*work)(void *), void *context, char *top): base/aside.h.
 *
 * The frame is described by the frame pointer, so that unwinders find the program's frames from here. gdb takes a caller on a
 * stack further in for damage, except that of a function with the name __morestack: gcc's split stacks have it.
 */
    .text
    .p2align 4
    .globl mt_aside_switch
    .hidden mt_aside_switch
    .type mt_aside_switch, @function
    .type __morestack, @function
__morestack:
mt_aside_switch:
    .cfi_startproc
    endbr64
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
    .cfi_def_cfa_register %rsp
    popq %rbp
    .cfi_def_cfa_offset 8
    .cfi_restore %rbp
    retq
    .cfi_endproc
    .size mt_aside_switch, . - mt_aside_switch
    .size __morestack, . - __morestack
    .section .note.GNU-stack, "", @progbits
