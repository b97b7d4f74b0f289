/* SPDX-License-Identifier: MIT
 *
 * The three moments in which the system calls us: the library is loaded, the process ends, the
 * process forks. What begins with the first event is in process/start.c.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/libc.h"
#include "hooks/enter.h"
#include "hooks/moments.h"
#include "hooks/nested.h"
#include "hooks/python/begin.h"
#include "hooks/python/clients.h"
#include "hooks/watch.h"
#include "loader/real.h"
#include "process/start.h"
#include "python/attach.h"
#include "tables/finish.h"
#include "unwind/unwind.h"

static void at_exit(int status, void *unused)
{
    (void)unused;
    mt_moment_exit(status, (uintptr_t)__builtin_frame_address(0));
}

static void forked(void)
{
    mt_moment_forked();
    mt_watch_forget();
}

__attribute__((constructor)) static void construct(void)
{
    mt_real_init();
    mt_guard();
    mt_constructed = true;
    mt_python_clients = &mt_python_hooks;
    mt_watch_init();
    mt_nested_find(0);
    mt_finish_init();
    if (mt_ready && *mt_ready ? *mt_ready == 1 : mt_begin()) {
        mt_unwind_init();
        if (mt_config.python)
            mt_python_init();
    }
    mt_python_begin();
    mt_libc_at_fork(mt_start_before_fork, mt_start_after_fork, forked);
    mt_real_forget_error();
    /* Registered first, so it runs last, after every destructor. It is told the exit status. */
    mt_libc_at_exit(at_exit);
    mt_self.depth = 0;
}
