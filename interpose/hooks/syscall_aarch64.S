/* SPDX-License-Identifier: MIT
 *
 * syscall(2), wrapped: the few calls that change what ours may do go to mt_syscall_watched (hooks/watch.c), all
 * others on by a jump, so that also a call that returns twice, or on another stack, finds its caller.
 */
#include <sys/syscall.h>
	.text
	.globl	syscall
	.type	syscall, %function
syscall:
	.cfi_startproc
	hint	#34		/* bti c */
	cmp	x0, #SYS_prctl
	b.eq	1f
	cmp	x0, #SYS_seccomp
	b.eq	1f
	cmp	x0, #SYS_mlockall
	b.eq	1f
	cmp	x0, #SYS_munlockall
	b.eq	1f
	adrp	x16, mt_syscall_next
	ldr	x16, [x16, #:lo12:mt_syscall_next]
	br	x16
1:	b	mt_syscall_watched
	.cfi_endproc
	.size	syscall, . - syscall
	.section .note.GNU-stack, "", %progbits
