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

/* void mt_aside_register(char *low, char *top): valgrind's client request 0x1501. */
    .p2align 4
    .globl mt_aside_register
    .hidden mt_aside_register
    .type mt_aside_register, @function
mt_aside_register:
    .cfi_startproc
    endbr64
    subq $56, %rsp
    .cfi_adjust_cfa_offset 56
    movq $0x1501, (%rsp)
    movq %rdi, 8(%rsp)
    movq %rsi, 16(%rsp)
    movq $0, 24(%rsp)
    movq $0, 32(%rsp)
    movq $0, 40(%rsp)
    movq %rsp, %rax
    xorl %edx, %edx
    rolq $3, %rdi
    rolq $13, %rdi
    rolq $61, %rdi
    rolq $51, %rdi
    xchgq %rbx, %rbx
    addq $56, %rsp
    .cfi_adjust_cfa_offset -56
    retq
    .cfi_endproc
    .size mt_aside_register, . - mt_aside_register
    .section .note.GNU-stack, "", @progbits
