/* SPDX-License-Identifier: MIT
 *
 * Fork and exec: each process has a log of its own with its own events only. What a child releases of its parent's it
 * gives back of what it has inherited. Every process prints its account, one after the other.
 */
#include <sys/wait.h>

#include "known.h"

static void wait_for(pid_t pid, int expected)
{
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

static void in_child(void *parents, int leave)
{
    known_forked();
    void *p = ALLOC(2222, malloc(2222));
    void *q = ALLOC(3333, malloc(3333));
    RELEASE(p, free(p));
    GIVE_BACK(1111, free(parents));
    known_hide(q);
    int status = known_end(1);
    if (leave)
        _exit(status + 7);
    exit(status + 7);
}

static void grandchild(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        known_forked();
        void *p = ALLOC(44, malloc(44));
        known_hide(p);
        _exit(known_end(1));
    }
    wait_for(pid, 0);
    _exit(0); /* no event: no log */
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* after exec */
        void *p = ALLOC(55555, malloc(55555));
        RELEASE(p, free(p));
        return known_end(1);
    }
    void *shared = ALLOC(1111, malloc(1111));
    for (int leave = 0; leave < 2; leave++) {
        pid_t pid = fork();
        if (pid == 0)
            CALL_VOID(in_child(shared, leave));
        wait_for(pid, 7);
    }
    pid_t pid = fork();
    if (pid == 0)
        CALL_VOID(grandchild());
    wait_for(pid, 0);
    pid = fork();
    if (pid == 0) {
        execl(argv[0], argv[0], "again", (char *)NULL);
        _exit(1);
    }
    wait_for(pid, 0);
    RELEASE(shared, free(shared));
    void *p = ALLOC(66, malloc(66));
    known_hide(p);
    /* The same process once more, as another program: with another log. */
    if (known_end(1) == 0)
        execl(argv[0], argv[0], "again", (char *)NULL);
    return 1;
}
