/* SPDX-License-Identifier: MIT
 *
 * exit: what it is called with, which its handlers are not told, and that the program is finished.
 */
#include "hooks/darwin/end.h"

#include "format.h"
#include "hooks/darwin/wrapped.h"
#include "tables/finish.h"

int mt_exit_status = MT_NO_STATUS;

void mt_hook_exit(int status)
{
    struct mt_thread *t = mt_hooks_work() ? mt_enter() : NULL;
    mt_exit_status = status & 255;
    if (t) {
        uint32_t inside = mt_tables_open();
        mt_finish(true);
        mt_tables_close(inside);
        mt_leave(t);
    }
    exit(status);
    __builtin_unreachable();
}
