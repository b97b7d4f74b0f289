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
    .type mt_aside_switch, %function
    .type __morestack, %function
__morestack:
mt_aside_switch:
    .cfi_startproc
    hint #34 // bti c
    stp x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov x29, sp
    .cfi_def_cfa_register x29
    mov sp, x2
    mov x9, x0
    mov x0, x1
    blr x9
    mov sp, x29
    .cfi_def_cfa_register sp
    ldp x29, x30, [sp], #16
    .cfi_def_cfa_offset 0
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
    .size mt_aside_switch, . - mt_aside_switch
    .size __morestack, . - __morestack
    .section .note.GNU-stack, "", %progbits
