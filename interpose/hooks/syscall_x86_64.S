/* SPDX-License-Identifier: MIT
 *
 * syscall(2), wrapped: the few calls that change what ours may do go to mt_syscall_watched (hooks/watch.c), all
 * others on by a jump, so that also a call that returns twice, or on another stack, finds its caller.
 */
#include <sys/syscall.h>
	.text
	.globl	syscall
	.type	syscall, @function
syscall:
	.cfi_startproc
	endbr64
	cmpq	$SYS_prctl, %rdi
	je	mt_syscall_watched
	cmpq	$SYS_seccomp, %rdi
	je	mt_syscall_watched
	cmpq	$SYS_mlockall, %rdi
	je	mt_syscall_watched
	cmpq	$SYS_munlockall, %rdi
	je	mt_syscall_watched
	jmp	*mt_syscall_next(%rip)
	.cfi_endproc
	.size	syscall, . - syscall
	.section .note.GNU-stack, "", @progbits
