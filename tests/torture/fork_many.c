/* SPDX-License-Identifier: MIT
 *
 * A thousand forks, or as many as are asked for, one after the other: half of the children leave by exit, half by _exit, every tenth forks again. Each gives
 * back a block of its parent's.
 */
#include "torture.h"

static __attribute__((noreturn)) void child(void *parents, int number, int depth)
{
    torture_child();
    void *kept[3];
    for (int i = 0; i < 3; i++)
        kept[i] = take(100 + (size_t)number);
    give_unknown(parents);
    give(kept[1]);
    if (depth == 0 && number % 10 == 0) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid)
            child(kept[0], number, 1);
        CHECK(reap(pid) == 0 || number % 2);
    }
    if (number % 2) {
        torture_tell_as("exit 7");
        exit(7);
    }
    torture_tell();
    _exit(0);
}

int main(int argc, char **argv)
{
    int forks = argc > 1 ? atoi(argv[1]) : 1000, left = 0;
    for (int i = 0; i < forks; i++) {
        void *block = take(1000 + (size_t)i);
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid)
            child(block, i, 0);
        int status = reap(pid);
        CHECK(WIFEXITED(status));
        left += WEXITSTATUS(status);
        give(block);
    }
    torture_tell_as("exit 0");
    printf("%d\n", left);
    return 0;
}
