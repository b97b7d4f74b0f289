/* SPDX-License-Identifier: MIT
 *
 * long mt_os_raw(long number, ...): what libc's syscall does.
 */
	.text
	.globl	mt_os_raw
	.hidden	mt_os_raw
	.type	mt_os_raw, %function
mt_os_raw:
	.cfi_startproc
	hint	#34		/* bti c */
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	cmn	x0, #4095
	b.cs	1f
	ret
1:	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_offset x29, -32
	.cfi_offset x30, -24
	mov	x29, sp
	neg	w0, w0
	str	w0, [sp, #16]
	bl	__errno_location
	ldr	w1, [sp, #16]
	str	w1, [x0]
	mov	x0, #-1
	ldp	x29, x30, [sp], #32
	.cfi_adjust_cfa_offset -32
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	mt_os_raw, . - mt_os_raw
	.section .note.GNU-stack, "", %progbits
