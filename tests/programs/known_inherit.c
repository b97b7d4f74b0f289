/* SPDX-License-Identifier: MIT
 *
 * What a fork child inherits and gives back, to the byte: small blocks, a huge one, pieces of a mapping; what its own child
 * inherits of both of them; and a process whose log begins after its child's.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
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
    char *mapped, *reserved, *attached, *file, *fixed;
};

/* A reservation that the child makes usable is its own; memory that it can't use any more it has given back. */
static void protection(struct parents *p)
{
    size_t page = KNOWN_PAGE;
    char *usable = p->reserved + page;
    CHECK(mprotect(p->mapped, page, PROT_READ) == 0); /* usable as before */
    MAP(KNOWN_ANON, 2 * page, 0,
        mprotect(usable, 2 * page, PROT_READ | PROT_WRITE) == 0 ? usable : MAP_FAILED);
    usable[page] = 1;
    CHECK(PROTECT(KNOWN_RESERVED, usable, page, mprotect(usable, page, PROT_NONE)) == 0);
    CHECK(UNMAP(usable, 2 * page, munmap(usable, 2 * page)) == 0);
    CHECK(munmap(p->reserved, page) == 0); /* a reservation is in no level */
    GIVE_BACK(page, CHECK(mprotect(p->mapped, page, PROT_NONE) == 0));
    /* ... and usable again it is its own. */
    MAP(KNOWN_ANON, page, 0,
        mprotect(p->mapped, page, PROT_READ | PROT_WRITE) == 0 ? p->mapped : MAP_FAILED);
    CHECK(UNMAP(p->mapped, page, munmap(p->mapped, page)) == 0);
    /* Moved, as a block by realloc. */
    CHECK(KNOWN_FAILED(mremap(p->fixed, page, (size_t)1 << 47, MREMAP_MAYMOVE)));
    char *moved;
    GIVE_BACK(page, moved = MAP(KNOWN_ANON, 5 * page, 0,
                                mremap(p->fixed, page, 5 * page, MREMAP_MAYMOVE)));
    CHECK(UNMAP(moved, 5 * page, munmap(moved, 5 * page)) == 0);
    GIVE_BACK(3 * page - 10, CHECK(shmdt(p->attached) == 0));
}

/* What the child discards of what it has inherited, but for files. */
static void discarding(struct parents *p)
{
    size_t page = KNOWN_PAGE;
    CHECK(DISCARD(page, madvise(p->mapped + 2 * page, page, MADV_DONTNEED)) == 0);
    CHECK(madvise(p->file, page, MADV_DONTNEED) == 0);
    CHECK(madvise(p->reserved + 3 * page, page, MADV_DONTNEED) == 0);
}

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
    known_forked_pages();
    void *kept = ALLOC(500, malloc(500)), *moved;
    GIVE_BACK(100, free(p->small));
    GIVE_BACK(HUGE_BYTES, free(p->huge));
    GIVE_BACK(200, moved = ALLOC(4000, realloc(p->grows, 4000)));
    GIVE_BACK(KNOWN_PAGE, CHECK(munmap(p->mapped + KNOWN_PAGE, KNOWN_PAGE) == 0));
    CALL_VOID(protection(p));
    CALL_VOID(discarding(p));
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
    p.reserved = MAP(KNOWN_RESERVED, 4 * KNOWN_PAGE, 0,
                     mmap(NULL, 4 * KNOWN_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    p.fixed = MAP(KNOWN_ANON, KNOWN_PAGE, 0,
                  mmap(NULL, KNOWN_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int id = shmget(IPC_PRIVATE, 3 * KNOWN_PAGE - 10, 0600);
    p.attached = MAP(KNOWN_SHARED, 3 * KNOWN_PAGE - 10, 0, shmat(id, NULL, 0));
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    int fd = open("/proc/self/exe", O_RDONLY);
    p.file = MAP(KNOWN_FILE, KNOWN_PAGE, 0, mmap(NULL, KNOWN_PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
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
