/* SPDX-License-Identifier: MIT */
#include "hooks/moments.h"

#include "base/lock.h"
#include "base/meta.h"
#include "hooks/enter.h"
#include "log/log.h"
#include "log/open.h"
#include "os/os.h"
#include "process/start.h"
#include "process/summary.h"
#include "process/untraced.h"
#include "tables/finish.h"
#include "tables/tables.h"

void mt_moment_exit(int status, uintptr_t frame)
{
    mt_guard_recover(frame);
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
void mt_moment_forked(void)
{
    mt_start_forked();
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
