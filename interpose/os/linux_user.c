/* SPDX-License-Identifier: MIT */
#include "os/linux_user.h"

#include <sys/syscall.h>
#include <sys/types.h>

#include "os/call.h"
#include "os/os.h"

static struct {
    bool known;
    uid_t user;
    gid_t group;
} first;

void mt_os_note_user(void)
{
    uid_t effective, saved;
    gid_t effective_group, saved_group;
    first.known = mt_os_call(SYS_getresuid, &first.user, &effective, &saved) == 0 &&
                  mt_os_call(SYS_getresgid, &first.group, &effective_group, &saved_group) == 0;
}

void mt_os_as_first_user(struct mt_os_user *was)
{
    was->changed = first.known && first.user != (uid_t)mt_os_call(SYS_geteuid);
    if (!was->changed)
        return;
    was->group = (uint32_t)mt_os_call(SYS_setfsgid, first.group);
    was->user = (uint32_t)mt_os_call(SYS_setfsuid, first.user);
}

void mt_os_as_before(const struct mt_os_user *was)
{
    if (!was->changed)
        return;
    mt_os_call(SYS_setfsuid, was->user);
    mt_os_call(SYS_setfsgid, was->group);
}
