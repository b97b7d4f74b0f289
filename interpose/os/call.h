/* SPDX-License-Identifier: MIT
 *
 * System calls, and what a seccomp filter of the program's lets pass of ours. A filter ends the process
 * at a call that the program never made, but we do. So each call of the tracker's own goes through
 * mt_os_call, which asks the filters first.
 */
#ifndef MT_OS_CALL_H
#define MT_OS_CALL_H

#include <stdbool.h>
#include <stdint.h>

/* As syscall(2), whatever it leads to: for the program's own calls. */
long mt_os_raw(long number, ...);

/* As syscall(2), but a call that a filter of this thread would not simply let pass is not made: -1,
 * EPERM. A macro: up to six arguments. */
#define mt_os_call(...) MT_OS_CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define MT_OS_CALL(number, a, b, c, d, e, f, ...)                                                  \
    mt_os_call_six(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* What mt_os_call does while there are filters. */
long mt_os_call_filtered(long number, const long arguments[6]);
extern uint32_t mt_os_filters; /* how many have been noted */
static inline long mt_os_call_six(long number, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_expect(mt_os_filters != 0, 0))
        return mt_os_call_filtered(number, (const long[6]){a, b, c, d, e, f});
    return mt_os_raw(number, a, b, c, d, e, f);
}

/* Before the program's call that puts this thread, or all of them, under a filter: note it. `program`: the
 * struct sock_fprog; NULL: strict mode. What can't be noted counts as a filter that lets nothing pass. Returns
 * what was before, for mt_os_filter_failed. One thread at a time. */
struct mt_os_filter {
    uint32_t number;
    bool mine, all_threads;
};
struct mt_os_filter mt_os_filter_begins(const void *program, bool all_threads);
/* The call failed: it is as it was before. */
void mt_os_filter_failed(struct mt_os_filter was);

/* The calling thread begins: it has inherited any filter that there is by now. */
void mt_os_filter_thread(void);

/* Whether there is any filter. */
bool mt_os_filtered(void);
/* Whether a program that this thread executes can have the library: whatever the library calls, the thread's filters may refuse, but
 * they do not end the process, nor tell anybody. Less than 256 bytes of stack. */
bool mt_os_start_survives(void);
/* Whether this thread's filters let such a call pass, if all its arguments are 0. */
bool mt_os_passes(long number);

#endif
