/* SPDX-License-Identifier: MIT
 *
 * Memory whose class changes in its place: reservations that are made usable and taken back by mprotect, pkey_mprotect, fixed
 * mappings and mremap, in whole and in part; shared memory of all makes; what madvise gives back.
 */
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "known_pages.h"

#define P       4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED  (MAP_SHARED | MAP_ANONYMOUS)
#define NONE    PROT_NONE

static char *at(void *p, size_t pages)
{
    return (char *)p + pages * P;
}

/* As V8, the JVM and Go do it: page ranges of one reservation, in both directions. */
static void committed(void)
{
    errno = 4711;
    char *p = MAP(KNOWN_RESERVED, 1000 * P, 0, mmap(NULL, 1000 * P, NONE, PRIVATE, -1, 0));
    CHECK(PROTECT(KNOWN_ANON, p, 300 * P, mprotect(p, 300 * P, RW)) == 0);
    memset(p, 1, 300 * P);
    CHECK(PROTECT(KNOWN_ANON, at(p, 600), 1, mprotect(at(p, 600), 1, PROT_READ)) == 0);
    /* Usable and reserved by turns: only what changes counts. */
    CHECK(PROTECT(KNOWN_ANON, at(p, 250), 400 * P, mprotect(at(p, 250), 400 * P, RW)) == 0);
    CHECK(PROTECT(KNOWN_ANON, p, 500 * P, mprotect(p, 500 * P, PROT_READ | PROT_EXEC)) == 0);
    CHECK(PROTECT(KNOWN_RESERVED, at(p, 100), 3 * P, mprotect(at(p, 100), 3 * P, NONE)) == 0);
    CHECK(PROTECT(KNOWN_RESERVED, at(p, 90), 20 * P, mprotect(at(p, 90), 20 * P, NONE)) == 0);
    CHECK(PROTECT(KNOWN_ANON, at(p, 95), 10 * P, pkey_mprotect(at(p, 95), 10 * P, RW, -1)) == 0);
    CHECK(PROTECT(KNOWN_RESERVED, at(p, 99), P, pkey_mprotect(at(p, 99), P, NONE, -1)) == 0);
    CHECK(UNMAP(at(p, 80), 100 * P, munmap(at(p, 80), 100 * P)) == 0);
    CHECK(errno == 4711);
    CHECK(UNMAP(p, 1000 * P, munmap(p, 1000 * P)) == 0);
}

/* Many small pieces at once, more than have room in one event's own array. */
static void pieces(void)
{
    char *p = MAP(KNOWN_RESERVED, 120 * P, 0, mmap(NULL, 120 * P, NONE, PRIVATE, -1, 0));
    for (size_t i = 0; i < 40; i++)
        CHECK(PROTECT(KNOWN_ANON, at(p, 3 * i), P, mprotect(at(p, 3 * i), P, RW)) == 0);
    CHECK(PROTECT(KNOWN_ANON, p, 120 * P, mprotect(p, 120 * P, RW)) == 0);
    CHECK(PROTECT(KNOWN_RESERVED, p, 120 * P, mprotect(p, 120 * P, NONE)) == 0);
    CHECK(UNMAP(p, 120 * P, munmap(p, 120 * P)) == 0);
    /* What was asked for of the last page. */
    char *q = MAP(KNOWN_ANON, 5000, 0, mmap(NULL, 5000, RW, PRIVATE, -1, 0));
    CHECK(PROTECT(KNOWN_RESERVED, at(q, 1), P, mprotect(at(q, 1), P, NONE)) == 0);
    CHECK(PROTECT(KNOWN_ANON, q, 2 * P, mprotect(q, 5000, RW)) == 0);
    CHECK(UNMAP(q, 5000, munmap(q, 5000)) == 0);
}

/* Fixed mappings over either, and a move of either. */
static void replaced(void)
{
    const int fixed = PRIVATE | MAP_FIXED;
    char *p = MAP(KNOWN_RESERVED, 64 * P, 0, mmap(NULL, 64 * P, NONE, PRIVATE, -1, 0));
    void *a = MAP(KNOWN_ANON, 8 * P, 1, mmap(at(p, 8), 8 * P, RW, fixed, -1, 0));
    CHECK(PROTECT(KNOWN_ANON, p, 12 * P, mprotect(p, 12 * P, RW)) == 0);
    void *b = MAP(KNOWN_RESERVED, 8 * P, 1, mmap(at(p, 4), 8 * P, NONE, fixed, -1, 0));
    CHECK(PROTECT(KNOWN_RESERVED, p, 16 * P, mprotect(p, 16 * P, NONE)) == 0);
    CHECK(a == at(p, 8) && b == at(p, 4));
    const size_t big = 40 * P;
    char *r = at(p, 20), *q;
    q = REMAP(KNOWN_RESERVED, r, 4 * P, big, mremap(r, 4 * P, big, MREMAP_MAYMOVE));
    CHECK(!KNOWN_FAILED(q) && q != r);
    CHECK(PROTECT(KNOWN_ANON, q, 40 * P, mprotect(q, 40 * P, RW)) == 0);
    CHECK(UNMAP(q, 40 * P, munmap(q, 40 * P)) == 0);
    CHECK(UNMAP(p, 64 * P, munmap(p, 64 * P)) == 0);
}

/* What is no mapping of ours, what fails, and what stays what it is. */
static void unchanged(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    void *f = MAP(KNOWN_FILE, P, 0, mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0));
    close(fd);
    CHECK(PROTECT(KNOWN_RESERVED, NULL, 0, mprotect(f, P, NONE)) ==
          0); /* a file's stays a file's */
    CHECK(mprotect(f, P, PROT_READ) == 0);
    CHECK(UNMAP(f, P, munmap(f, P)) == 0);
    char *p = MAP(KNOWN_RESERVED, 4 * P, 0, mmap(NULL, 4 * P, NONE, PRIVATE, -1, 0));
    errno = 0;
    CHECK(mprotect(p + 1, P, RW) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(mprotect(p, P, 1 << 20) == -1 && errno == EINVAL);
    CHECK(mprotect(p, 0, RW) == 0);
    CHECK(UNMAP(p, 4 * P, munmap(p, 4 * P)) == 0);
    errno = 0;
    CHECK(mprotect(p, 4 * P, RW) == -1 && errno == ENOMEM); /* nothing there any more */
    errno = 0;
    CHECK(madvise(p, 4 * P, MADV_DONTNEED) == -1 && errno == ENOMEM);
    /* Refused in the middle, where there is a hole: what lies before it is usable. */
    p = MAP(KNOWN_RESERVED, 90 * P, 0, mmap(NULL, 90 * P, NONE, PRIVATE, -1, 0));
    CHECK(UNMAP(at(p, 37), P, munmap(at(p, 37), P)) == 0);
    errno = 0;
    CHECK(PROTECT(KNOWN_ANON, p, 37 * P, mprotect(p, 90 * P, RW) == -1 ? 0 : -1) == 0);
    CHECK(errno == ENOMEM);
    p[37 * P - 1] = 1;
    errno = 0;
    CHECK(mprotect(at(p, 37), 2 * P, RW) == -1 && errno == ENOMEM);
    CHECK(UNMAP(p, 90 * P, munmap(p, 90 * P)) == 0);
}

static void discarded(void)
{
    errno = 4711;
    char *p = MAP(KNOWN_ANON, 64 * P, 0, mmap(NULL, 64 * P, RW, PRIVATE, -1, 0));
    memset(p, 1, 64 * P);
    CHECK(DISCARD(16 * P, madvise(p, 16 * P, MADV_DONTNEED)) == 0);
    CHECK(DISCARD(2 * P, madvise(at(p, 20), P + 1, MADV_FREE)) == 0); /* whole pages */
    CHECK(madvise(p, 64 * P, MADV_WILLNEED) == 0);
    /* Behind a reservation there is nothing to give back. */
    CHECK(PROTECT(KNOWN_RESERVED, at(p, 32), 8 * P, mprotect(at(p, 32), 8 * P, NONE)) == 0);
    CHECK(DISCARD(24 * P, madvise(at(p, 32), 32 * P, MADV_DONTNEED)) == 0);
    CHECK(p[0] == 0 && p[16 * P] == 1 && errno == 4711);
    CHECK(UNMAP(p, 64 * P, munmap(p, 64 * P)) == 0);
    char *s = MAP(KNOWN_SHARED, 8 * P, 0, mmap(NULL, 8 * P, RW, SHARED, -1, 0));
    memset(s, 1, 8 * P);
    CHECK(DISCARD(3 * P, madvise(at(s, 1), 3 * P, MADV_REMOVE)) == 0);
    CHECK(s[P] == 0 && s[0] == 1);
    CHECK(UNMAP(s, 8 * P, munmap(s, 8 * P)) == 0);
    /* A block of the allocator's. */
    char *block = ALLOC(64 * P, aligned_alloc(P, 64 * P));
    memset(block, 1, 64 * P);
    CHECK(DISCARD(32 * P, madvise(block, 32 * P, MADV_DONTNEED)) == 0);
    RELEASE(block, free(block));
}

static void shared(void)
{
    errno = 4711;
    int id = shmget(IPC_PRIVATE, 30 * P + 100, 0600);
    char *a = MAP(KNOWN_SHARED, 30 * P + 100, 0, shmat(id, NULL, 0));
    char *b = MAP(KNOWN_SHARED, 30 * P + 100, 0, shmat(id, NULL, SHM_RDONLY)); /* both are mapped */
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    a[30 * P] = 'x';
    CHECK(!KNOWN_FAILED(a) && b[30 * P] == 'x');
    /* Pieces of it: one that can't be accessed, one that is gone, one in whose place something else was. */
    CHECK(PROTECT(KNOWN_RESERVED, at(a, 2), 2 * P, mprotect(at(a, 2), 2 * P, NONE)) == 0);
    CHECK(UNMAP(at(a, 10), 2 * P, munmap(at(a, 10), 2 * P)) == 0);
    char *c = MAP(KNOWN_ANON, P, 1, mmap(at(a, 20), P, RW, PRIVATE | MAP_FIXED, -1, 0));
    CHECK(UNMAP(c, P, munmap(c, P)) == 0);
    CHECK(UNMAP(a, 31 * P, shmdt(a)) == 0);
    CHECK(UNMAP(b, 31 * P, shmdt(b)) == 0 && errno == 4711);
    errno = 0;
    CHECK(KNOWN_FAILED(shmat(-1, NULL, 0)) && errno == EINVAL);
    errno = 0;
    CHECK(shmdt(c) == -1 && errno == EINVAL);
}

static void shared_files(void)
{
    char name[64];
    snprintf(name, sizeof name, "/memtrace-known-%d", (int)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && ftruncate(fd, 16 * P) == 0 && shm_unlink(name) == 0);
    char *p = MAP(KNOWN_SHARED, 16 * P, 0, mmap(NULL, 16 * P, RW, MAP_SHARED, fd, 0));
    char *q = MAP(KNOWN_RESERVED, 16 * P, 0, mmap(NULL, 16 * P, NONE, MAP_SHARED, fd, 0));
    CHECK(PROTECT(KNOWN_SHARED, at(q, 4), 4 * P, mprotect(at(q, 4), 4 * P, RW)) == 0);
    p[4 * P] = 'y';
    CHECK(q[4 * P] == 'y');
    void *r = MAP(KNOWN_FILE, 16 * P, 0, mmap(NULL, 16 * P, RW, MAP_PRIVATE, fd, 0));
    CHECK(UNMAP(r, 16 * P, munmap(r, 16 * P)) == 0);
    CHECK(UNMAP(q, 16 * P, munmap(q, 16 * P)) == 0);
    CHECK(UNMAP(p, 16 * P, munmap(p, 16 * P)) == 0);
    close(fd);
    fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
    p = MAP(KNOWN_SHARED, 3 * P, 0, mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 0));
    q = MAP(KNOWN_ANON, 5 * P, 0, mmap(NULL, 5 * P, RW, MAP_PRIVATE, fd, 0));
    close(fd);
    CHECK(UNMAP(p, 3 * P, munmap(p, 3 * P)) == 0);
    CHECK(!KNOWN_FAILED(q)); /* stays */
}

int main(void)
{
    CALL_VOID(committed());
    CALL_VOID(pieces());
    CALL_VOID(replaced());
    CALL_VOID(unchanged());
    CALL_VOID(discarded());
    CALL_VOID(shared());
    CALL_VOID(shared_files());
    return known_end(1);
}
