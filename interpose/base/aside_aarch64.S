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

/* void mt_aside_register(char *low, char *top): valgrind's client request 0x1501. */
    .p2align 4
    .globl mt_aside_register
    .hidden mt_aside_register
    .type mt_aside_register, %function
mt_aside_register:
    .cfi_startproc
    hint #34 // bti c
    sub sp, sp, #48
    .cfi_def_cfa_offset 48
    mov x9, #0x1501
    stp x9, x0, [sp]
    stp x1, xzr, [sp, #16]
    stp xzr, xzr, [sp, #32]
    mov x4, sp
    mov x3, xzr
    ror x12, x12, #3
    ror x12, x12, #13
    ror x12, x12, #51
    ror x12, x12, #61
    orr x10, x10, x10
    add sp, sp, #48
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size mt_aside_register, . - mt_aside_register
    .section .note.GNU-stack, "", %progbits
