/* SPDX-License-Identifier: MIT
 *
 * Stacks of the tracker's own. What the program's stack must have room for is promised at the top of hooks/malloc.c; what needs
 * more runs aside: the first event of a process, a thread or a fork child, a rule that is learnt, a log that grows, our
 * allocator, the full unwinder. The usual event never comes here.
 *
 * Signals are held back meanwhile. A handler would have to do with what is left of our stack; it could leave it by a jump; and
 * the kernel, which tells by the stack pointer whether an alternate signal stack is in use, would start a second handler on top
 * of the first one's frames. No code of the program runs aside.
 *
 * The stacks are a pool without a lock. There is one for each thread that has events at the same time, up to MT_ASIDE_STACKS. Who
 * finds none free (that many threads are aside, or there is no memory) does the work on the program's stack, as nobody can wait
 * here.
 */
#ifndef MT_ASIDE_H
#define MT_ASIDE_H

#define MT_ASIDE_STACKS 64u
#define MT_ASIDE_BYTES                                                                             \
    (64u << 10) /* of address space each; what is never touched costs no memory */

/* One stack more. To be called once for the process and once for each state of a thread, where little of the program's stack is in
 * use: guard set. */
void mt_aside_prepare(void);

/* Call work(context) on such a stack. Any thread, with the guard set (base/guard.h), errno is kept by neither. Aside already: a
 * plain call. Costs two system calls. */
void mt_aside(void (*work)(void *), void *context);

/* The same where all signals are held back already. */
void mt_aside_held(void (*work)(void *), void *context);

/* For aside.c alone: tell valgrind that this is a stack. For everybody else it does nothing. */
void mt_aside_register(char *low, char *top);

/* In the child of a fork, which is this thread alone: the other threads' stacks are free. */
void mt_aside_forget(void);

#endif
