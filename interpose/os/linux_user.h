/* SPDX-License-Identifier: MIT
 *
 * Whose files we make. A server of root's that takes a user's rights for a while (seteuid) is still root's: a log that it
 * makes meanwhile must not belong to the user, who could change it under the tracker's hands. And one that root has made it
 * could not open again. So for the time of the call the thread accesses files as the user that the process began as: setfsuid(2).
 */
#ifndef MT_LINUX_USER_H
#define MT_LINUX_USER_H

#include <stdbool.h>
#include <stdint.h>

struct mt_os_user {
    bool changed;
    uint32_t user, group;
};

/* From here to mt_os_as_before, by the same thread; nothing else may be done in between. Where the process can't be that user
 * any more, nothing changes. */
void mt_os_as_first_user(struct mt_os_user *was);
void mt_os_as_before(const struct mt_os_user *was);

#endif
