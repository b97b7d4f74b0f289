/* SPDX-License-Identifier: MIT
 *
 * macOS: the three moments in which the system calls us. Other libraries, libSystem first, have allocated by the time that our
 * constructor runs; what they did is not seen.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/config.h"
#include "base/local.h"
#include "format.h"
#include "hooks/darwin/end.h"
#include "hooks/enter.h"
#include "hooks/moments.h"
#include "hooks/nested.h"
#include "hooks/unload.h"
#include "loader/macho/images.h"
#include "loader/real.h"
#include "os/os.h"
#include "process/start.h"
#include "tables/finish.h"
#include "unwind/unwind.h"

static void at_exit(void)
{
    mt_moment_exit(mt_exit_status, (uintptr_t)__builtin_frame_address(0));
}

/* Between here and the other two, libSystem's own handlers run in the child, whose log is not mapped: the guard is set. */
static void before_fork(void)
{
    struct mt_locals *mine = mt_locals();
    mt_start_before_fork();
    mine->before_fork = mine->self;
    mt_guard_at(UINTPTR_MAX, MT_INSIDE);
}

static void after_fork(void)
{
    struct mt_locals *mine = mt_locals();
    mt_guard_at(mine->before_fork.frame, mine->before_fork.depth);
    mt_start_after_fork();
}

static void forked(void)
{
    struct mt_locals *mine = mt_locals();
    mt_os_forked();
    mt_locals_forked();
    mt_guard_at(mine->before_fork.frame, mine->before_fork.depth);
    mt_moment_forked();
}

__attribute__((constructor)) static void construct(void)
{
    mt_os_bind();
    if (!mt_locals_init())
        return;
    mt_guard();
    mt_images_begin(mt_unload_flush);
    mt_constructed = true;
    mt_nested_find(0);
    mt_finish_init();
    if (mt_begin())
        mt_unwind_init();
    pthread_atfork(before_fork, after_fork, forked);
    atexit(at_exit); /* registered first, so it runs last, after every destructor */
    mt_self.depth = 0;
    mt_real_ready = true;
}
