/* SPDX-License-Identifier: MIT
 *
 * long mt_os_raw(long number, ...): what libc's syscall does.
 */
	.text
	.globl	mt_os_raw
	.hidden	mt_os_raw
	.type	mt_os_raw, @function
mt_os_raw:
	.cfi_startproc
	endbr64
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	movq	8(%rsp), %r9
	syscall
	cmpq	$-4095, %rax
	jae	1f
	ret
1:	negl	%eax
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	call	__errno_location@PLT
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	movl	%ecx, (%rax)
	movq	$-1, %rax
	ret
	.cfi_endproc
	.size	mt_os_raw, . - mt_os_raw
	.section .note.GNU-stack, "", @progbits
