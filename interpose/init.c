/* SPDX-License-Identifier: MIT
 *
 * The three moments in which the system calls us: the library is loaded, the process ends, the
 * process forks. What begins with the first event is in process/start.c.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/libc.h"
#include "base/lock.h"
#include "base/meta.h"
#include "hooks/enter.h"
#include "hooks/nested.h"
#include "hooks/python/begin.h"
#include "hooks/python/clients.h"
#include "hooks/watch.h"
#include "loader/real.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "process/start.h"
#include "process/summary.h"
#include "process/untraced.h"
#include "python/attach.h"
#include "tables/finish.h"
#include "tables/tables.h"
#include "unwind/unwind.h"

static void at_exit(int status, void *unused)
{
    (void)unused;
    mt_guard_recover((uintptr_t)__builtin_frame_address(0));
    /* Go on if the tracker stood aside in the middle (MT_FLAG_ENDED). */
    if (!mt_ready || !*mt_ready || !mt_log.header)
        return;
    /* A signal handler that interrupted a hook may end the process: what the hook was working on
     * may be locked. */
    struct mt_guard_state outer = mt_self;
    mt_guard();
    struct mt_header *h = mt_log.header;
    bool sound = outer.depth == 0 || (outer.depth >= MT_IN_HEAP && !mt_critical);
    mt_finish(sound);
    if (sound)
        mt_tables_end(outer.thread);
    mt_untraced_gather();
    h->exit_status = status;
    h->end_time = mt_os_mono() - h->start_mono;
    __atomic_store_n(&h->end, MT_END_EXIT, __ATOMIC_RELEASE);
    if (mt_log_end())
        mt_summary_print(mt_program, mt_directory);
    mt_self.frame = outer.frame;
    mt_self.depth = outer.depth;
}

/* In fork's child. If a signal handler forked inside an event of this thread, the child will finish
 * that event in its parent's tables (mt_log_copy), and start its own log at the next event. The
 * threads that hold locks on those tables are not here. */
static void forked(void)
{
    mt_start_forked();
    mt_watch_forget();
    /* This thread's state is of the parent's tables. Another thread may be the first to have an
     * event here, and then they are gone. */
    if (!mt_self.depth)
        mt_self.thread = NULL;
    if (!mt_self.depth || !mt_log.header)
        return;
    mt_lock_broken = true;
    mt_meta_forked_inside();
    mt_log_copy();
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
