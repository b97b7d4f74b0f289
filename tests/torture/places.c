/* SPDX-License-Identifier: MIT
 *
 * Where a process may find itself: another user, another root, other namespaces.
 */
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>

#include "torture.h"

static void some(void)
{
    for (int i = 0; i < 50; i++)
        give(take(20 + (size_t)i));
    take(100);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "unshare";
    if (!strcmp(
            how,
            "user")) { /* a program of root's that becomes somebody else at once, in a folder that he may not write */
        CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
        some();
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid) {
            torture_child();
            some();
            torture_tell();
            _exit(0);
        }
        CHECK(reap(pid) == 0);
    } else {
        some();
        if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0)
            return 77;
        for (int i = 0; i < 3; i++) { /* pid 1 there, then 2, 3: names that may be taken outside */
            pid_t pid = fork();
            CHECK(pid >= 0 || i > 0); /* when 1 has gone, nobody else comes */
            if (pid < 0)
                break;
            if (!pid) {
                torture_child();
                some();
                _exit(0);
            }
            CHECK(reap(pid) == 0);
        }
        some();
    }
    torture_tell_as("exit 0");
    puts(how);
    return 0;
}
