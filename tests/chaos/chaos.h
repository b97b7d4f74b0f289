/* SPDX-License-Identifier: MIT
 *
 * The program of the chaos test: it does to itself what its arguments say, one step after another, and tells what it then finds.
 * run.py makes lists of steps at random.
 *
 *   chaos FILE TAG STEP...
 *
 * FILE takes what is told: a shared mapping, so that no descriptor, limit or filter is in the way; the number of bytes used,
 * flags (8 bytes each, see main.c), then lines "TAG text". TAG names the process or thread ("0.2.1": the first that the second
 * of 0 made), so that lines can be put in an order that does not hang on the scheduler. A step is NAME, NAME=NUMBER, or
 * NAME=NUMBER[ STEP... ], whose inner steps are done elsewhere: in a child, in a thread, on another stack, after exec.
 *
 * What the program tells must be the same in each run of the same steps, and must have no address, process number or time in
 * it. It takes little stack itself, as some of the steps have 16 KiB.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Built a second time, with an allocator that a signal handler may interrupt and call (torture/reentrant.c). */
#ifndef CHAOS_REENTRANT
#define CHAOS_REENTRANT 0
#endif

#define NOINLINE __attribute__((noinline, noclone))

struct step {
    long n;      /* its number; 0 without one */
    char **list; /* the inner steps, NULL-terminated after `length` */
    int length;
};

#define X(name) void step_##name(const struct step *step);
#include "steps.def"
#undef X

/* Of this thread. */
extern __thread char chaos_tag[128];
extern __thread int chaos_made;    /* children and threads that it made */
extern __thread volatile int calm; /* a signal handler may allocate: no allocator is interrupted */
extern char chaos_self[4096], chaos_file[4096], chaos_top[4096];
extern int chaos_background; /* threads beside the first */

/* No timer whose handler makes system calls. */
void chaos_plain_timer(void);

/* A line. Allocates nothing, makes no system call, may be called on a stack of 4 KiB. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The name of an error; its number where it is a rare one. */
const char *error_name(int error);
/* Tell what a call gave: "NAME: VALUE", or "NAME: ERROR" where it is negative. */
void tell_result(const char *name, long value);
/* Do inner steps in this thread. */
void do_steps(char **list, int length);
/* The tag of the next child or thread of this thread. */
void next_tag(char tag[128]);
/* Take it as one's own: in the child, or in the thread. */
void be(const char *tag);
/* Start of a command line for exec: the program itself with inner steps; `tag` as next_tag gave it. At most 200 steps. */
char **command_of(char *tag, const struct step *step);
/* Wait for a child and tell how it ended. */
void reap(const char *what, pid_t child);
/* Allocate and release, round by round; a sum that is the same each time. Handlers may allocate meanwhile, at set points. */
NOINLINE uint64_t work(unsigned rounds);
/* Switch the interval timer off and have no alarm left: before exec, which keeps both. */
void quiet(void);
/* pthread_create with a stack of 256 KiB, whatever the limits are. */
int chaos_thread(pthread_t *thread, void *(*run)(void *), void *argument);
/* In a fork child: the other threads are not there. */
void alone(void);

#endif
