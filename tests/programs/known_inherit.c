/* SPDX-License-Identifier: MIT
 *
 * What a fork child inherits and gives back, to the byte: small blocks, a huge one, pieces of a mapping; what its own child
 * inherits of both of them; and a process whose log begins after its child's.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "known_pages.h"

#define HUGE_BYTES ((size_t)200 << 20) /* not touched */

static void wait_for(pid_t pid)
{
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

struct parents {
    void *small, *grows, *stays, *huge;
    char *mapped;
};

/* noinline: or else a compiler joins its last lines with child's, which are the same */
static __attribute__((noinline)) void grandchild(struct parents *p, void *childs)
{
    known_forked();
    void *own = ALLOC(77, malloc(77));
    GIVE_BACK(500, free(childs));
    GIVE_BACK(300, free(p->stays));
    RELEASE(own, free(own));
    _exit(known_end(1));
}

static void child(struct parents *p)
{
    known_forked();
    void *kept = ALLOC(500, malloc(500)), *moved;
    GIVE_BACK(100, free(p->small));
    GIVE_BACK(HUGE_BYTES, free(p->huge));
    GIVE_BACK(200, moved = ALLOC(4000, realloc(p->grows, 4000)));
    GIVE_BACK(KNOWN_PAGE, CHECK(munmap(p->mapped + KNOWN_PAGE, KNOWN_PAGE) == 0));
    /* The addresses may be given out again: those are its own blocks. */
    for (int i = 0; i < 10; i++) {
        void *again = ALLOC(100, malloc(100));
        RELEASE(again, free(again));
    }
    pid_t pid = fork();
    if (pid == 0)
        CALL_VOID(grandchild(p, kept));
    wait_for(pid);
    RELEASE(kept, free(kept));
    RELEASE(moved, free(moved));
    _exit(known_end(1));
}

/* Its child's log begins before its own, and inherits the same. */
static void late(struct parents *p)
{
    known_forked();
    pid_t pid = fork();
    if (pid == 0) {
        known_forked();
        void *own = ALLOC(44, malloc(44));
        GIVE_BACK(300, free(p->stays));
        known_hide(own);
        _exit(known_end(1));
    }
    wait_for(pid);
    GIVE_BACK(100, free(p->small)); /* its first event */
    void *own = ALLOC(11, malloc(11));
    known_hide(own);
    _exit(known_end(1));
}

int main(void)
{
    struct parents p;
    p.small = ALLOC(100, malloc(100));
    p.grows = ALLOC(200, malloc(200));
    p.stays = ALLOC(300, malloc(300));
    p.huge = ALLOC(HUGE_BYTES, malloc(HUGE_BYTES));
    p.mapped =
        MAP(KNOWN_ANON, 3 * KNOWN_PAGE, 0,
            mmap(NULL, 3 * KNOWN_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    known_hide(p.stays);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0 && i == 0)
            CALL_VOID(child(&p));
        if (pid == 0)
            CALL_VOID(late(&p));
        wait_for(pid);
    }
    return known_end(1);
}
