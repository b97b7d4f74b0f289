/* SPDX-License-Identifier: MIT
 *
 * Mappings and the program break: the classes, partial munmap, MAP_FIXED over old mappings, mremap in all its ways,
 * failed calls that change nothing.
 */
#include <sys/mman.h>

#include "known_pages.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define P       4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED   (PRIVATE | MAP_FIXED)
#define MOVES   MREMAP_MAYMOVE

static char *at(void *p, size_t pages)
{
    return (char *)p + pages * P;
}

static void classes(void)
{
    errno = 4711;
    void *a = MAP(KNOWN_ANON, 5 * P, 0, mmap(NULL, 5 * P, RW, PRIVATE, -1, 0));
    void *b = MAP(KNOWN_ANON, 5000, 0, mmap64(NULL, 5000, RW, PRIVATE, -1, 0)); /* as requested */
    void *c = MAP(KNOWN_SHARED, 3 * P, 0,
                  mmap(NULL, 3 * P, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    void *d = MAP(KNOWN_RESERVED, 4096 * P, 0, mmap(NULL, 4096 * P, PROT_NONE, PRIVATE, -1, 0));
    int fd = memfd_create("known", 0);
    CHECK(fd >= 0 && ftruncate(fd, 8 * P) == 0);
    void *e = MAP(KNOWN_SHARED, 8 * P, 0, mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0));
    void *f = MAP(KNOWN_FILE, 2 * P, 0, mmap64(NULL, 2 * P, PROT_READ, MAP_PRIVATE, fd, P));
    close(fd);
    CHECK(UNMAP(a, 5 * P, munmap(a, 5 * P)) == 0);
    CHECK(UNMAP(b, 5000, munmap(b, 5000)) == 0);
    CHECK(UNMAP(e, 8 * P, munmap(e, 8 * P)) == 0);
    CHECK(UNMAP(d, 4096 * P, munmap(d, 4096 * P)) == 0);
    CHECK(!KNOWN_FAILED(c) && !KNOWN_FAILED(f)); /* these stay */
    CHECK(errno == 4711);
}

static void parts(void)
{
    char *p = MAP(KNOWN_ANON, 20 * P, 0, mmap(NULL, 20 * P, RW, PRIVATE, -1, 0));
    CHECK(UNMAP(p, 2 * P, munmap(p, 2 * P)) == 0);                 /* head */
    CHECK(UNMAP(at(p, 18), 2 * P, munmap(at(p, 18), 2 * P)) == 0); /* tail */
    CHECK(UNMAP(at(p, 9), 1, munmap(at(p, 9), 1)) == 0);           /* middle; a page is the least */
    CHECK(UNMAP(at(p, 9), P, munmap(at(p, 9), P)) == 0);           /* nothing there any more */
    CHECK(UNMAP(p, 20 * P, munmap(p, 20 * P)) == 0);               /* both rests, and the holes */
    char *q = MAP(KNOWN_ANON, 5000, 0, mmap(NULL, 5000, RW, PRIVATE, -1, 0));
    CHECK(UNMAP(q, P, munmap(q, P)) == 0);
    CHECK(UNMAP(at(q, 1), P, munmap(at(q, 1), P)) == 0); /* the 904 bytes that were asked for */
}

static void several(void)
{
    char *p = MAP(KNOWN_RESERVED, 30 * P, 0, mmap(NULL, 30 * P, PROT_NONE, PRIVATE, -1, 0));
    void *a = MAP(KNOWN_ANON, 4 * P, 1, mmap(at(p, 2), 4 * P, RW, FIXED, -1, 0));
    void *b = MAP(KNOWN_ANON, 6 * P, 1, mmap(at(p, 6), 6 * P, RW, FIXED, -1, 0));
    CHECK(a == at(p, 2) && b == at(p, 6));
    void *c = MAP(KNOWN_ANON, 6 * P, 1, mmap(at(p, 6), 6 * P, PROT_READ, FIXED, -1, 0)); /* whole */
    void *d = MAP(KNOWN_ANON, 6 * P, 1, mmap(at(p, 4), 6 * P, RW, FIXED, -1, 0)); /* part of two */
    void *e = MAP(KNOWN_RESERVED, 2 * P, 1, mmap(at(p, 5), 2 * P, PROT_NONE, FIXED, -1, 0));
    CHECK(c == at(p, 6) && d == at(p, 4) && e == at(p, 5));
    CHECK(UNMAP(at(p, 1), 10 * P, munmap(at(p, 1), 10 * P)) == 0);
    CHECK(UNMAP(p, 30 * P, munmap(p, 30 * P)) == 0);
}

static void remapped(void)
{
    errno = 4711;
    char *room = MAP(KNOWN_RESERVED, 64 * P, 0, mmap(NULL, 64 * P, PROT_NONE, PRIVATE, -1, 0));
    char *p = MAP(KNOWN_ANON, 8 * P, 0, mmap(NULL, 8 * P, RW, PRIVATE, -1, 0));
    p[0] = 'a';
    p = REMAP(KNOWN_ANON, p, 8 * P, 3 * P, mremap(p, 8 * P, 3 * P, 0));
    p = REMAP(KNOWN_ANON, p, 3 * P, 500 * P, mremap(p, 3 * P, 500 * P, MOVES));
    CHECK(p[0] == 'a');
    /* Moved on top of a reservation. */
    CHECK(UNMAP(at(room, 8), 16 * P, munmap(at(room, 8), 16 * P)) == 0);
    char *q = MAP(KNOWN_ANON, 4 * P, 1, mmap(at(room, 8), 4 * P, RW, FIXED, -1, 0));
    q = REMAP(KNOWN_ANON, q, 4 * P, 6 * P, mremap(q, 4 * P, 6 * P, MOVES)); /* in place */
    CHECK(q == at(room, 8));
    p = REMAP(KNOWN_ANON, p, 500 * P, 400 * P, mremap(p, 500 * P, 400 * P, MOVES));
    CHECK(p[0] == 'a' && errno == 4711);
    /* A part of a mapping leaves: it grows, and there is something behind it. */
    char *part = at(p, 100);
    char *r = REMAP(KNOWN_ANON, part, 50 * P, 60 * P, mremap(part, 50 * P, 60 * P, MOVES));
    CHECK(!KNOWN_FAILED(r) && r != at(p, 100));
    CHECK(UNMAP(p, 400 * P, munmap(p, 400 * P)) == 0);
    CHECK(UNMAP(r, 60 * P, munmap(r, 60 * P)) == 0);
    CHECK(UNMAP(room, 64 * P, munmap(room, 64 * P)) == 0);
}

static void remapped_fixed(void)
{
    char *over = MAP(KNOWN_ANON, 10 * P, 0, mmap(NULL, 10 * P, RW, PRIVATE, -1, 0));
    char *p = MAP(KNOWN_ANON, 6 * P, 0, mmap(NULL, 6 * P, RW, PRIVATE, -1, 0));
    p[0] = 'b';
    const int fixed = MOVES | MREMAP_FIXED;
    char *to = at(over, 3), *q;
    q = REMAP_OVER(KNOWN_ANON, to, p, 6 * P, 4 * P, mremap(p, 6 * P, 4 * P, fixed, to));
    CHECK(q == at(over, 3) && q[0] == 'b');
    CHECK(UNMAP(over, 10 * P, munmap(over, 10 * P)) == 0);
    /* The old mapping stays, empty; so there are two. */
    char *r = MAP(KNOWN_ANON, 4 * P, 0, mmap(NULL, 4 * P, RW, PRIVATE, -1, 0));
    r[0] = 'c';
    const int stay = MOVES | MREMAP_DONTUNMAP;
    char *old = known_hide(r);
    char *s = REMAP(KNOWN_ANON, NULL, 0, 4 * P, mremap(old, 4 * P, 4 * P, stay, NULL));
    CHECK(!KNOWN_FAILED(s) && s != r && s[0] == 'c' && r[0] == 0);
    CHECK(UNMAP(r, 4 * P, munmap(r, 4 * P)) == 0);
    CHECK(UNMAP(s, 4 * P, munmap(s, 4 * P)) == 0);
    /* An old size of 0 makes a second mapping of the same shared pages. */
    char *t = MAP(KNOWN_SHARED, 3 * P, 0, mmap(NULL, 3 * P, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    char *u = REMAP(KNOWN_SHARED, NULL, 0, 2 * P, mremap(t, 0, 2 * P, MOVES));
    t[0] = 'd';
    CHECK(!KNOWN_FAILED(u) && u[0] == 'd');
    CHECK(UNMAP(t, 3 * P, munmap(t, 3 * P)) == 0);
    CHECK(UNMAP(u, 2 * P, munmap(u, 2 * P)) == 0);
}

static void failed(void)
{
    char *p = MAP(KNOWN_ANON, 6 * P, 0, mmap(NULL, 6 * P, RW, PRIVATE, -1, 0));
    void *wall = MAP(KNOWN_RESERVED, P, 1, mmap(at(p, 5), P, PROT_NONE, FIXED, -1, 0));
    CHECK(wall == at(p, 5));
    errno = 0;
    CHECK(KNOWN_FAILED(mmap(NULL, 0, RW, PRIVATE, -1, 0)) && errno == EINVAL);
    errno = 0;
    CHECK(KNOWN_FAILED(mmap(NULL, P, RW, MAP_PRIVATE, -1, 0)) && errno == EBADF);
    errno = 0;
    CHECK(KNOWN_FAILED(mmap(p, 2 * P, RW, MAP_FIXED, -1, 0)) && errno == EBADF);
    errno = 0;
    CHECK(KNOWN_FAILED(mmap(NULL, (size_t)1 << 62, RW, PRIVATE, -1, 0)) && errno == ENOMEM);
    errno = 0;
    CHECK(munmap(p + 1, P) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(munmap(p, 0) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(KNOWN_FAILED(mremap(p + 1, P, 2 * P, MOVES)) && errno == EINVAL);
    errno = 0;
    CHECK(KNOWN_FAILED(mremap(p, P, (size_t)1 << 62, MOVES)) && errno != 0);
    /* No room to grow in place: the part that was to grow is a part of its mapping as before. */
    errno = 0;
    CHECK(KNOWN_FAILED(mremap(at(p, 4), P, 3 * P, 0)) && errno == ENOMEM);
    errno = 0;
    CHECK(KNOWN_FAILED(mremap(at(p, 1), P, 2 * P, 0)) && errno == ENOMEM);
    CHECK(UNMAP(p, 6 * P, munmap(p, 6 * P)) == 0); /* the five pages in one piece, and the wall */
}

static void *break_at(void)
{
    return sbrk(0);
}

/* The allocator is not used meanwhile: what it takes from the break is its own. */
static void broken(void)
{
    errno = 4711;
    size_t odd = (uintptr_t)break_at() % P;
    if (odd)
        MAP(KNOWN_ANON, P - odd, 0, sbrk((intptr_t)(P - odd)));
    char *base = break_at();
    char *a = MAP(KNOWN_ANON, 16 * P, 0, sbrk(16 * P));
    if (KNOWN_FAILED(a))
        return; /* musl never moves it */
    CHECK(a == base);
    a[16 * P - 1] = 1;
    char *b = MAP(KNOWN_ANON, 4 * P, 0, sbrk(4 * P));
    CHECK(b == at(base, 16));
    CHECK(UNMAP(at(base, 18), 2 * P, sbrk(-2 * (intptr_t)P) == at(base, 20) ? 0 : -1) == 0);
    CHECK(UNMAP(at(base, 12), 6 * P, brk(at(base, 12))) == 0); /* all of b, a part of a */
    CHECK(MAP(KNOWN_ANON, 8 * P, 0, brk(at(base, 20)) ? (void *)-1 : at(base, 12)) == at(base, 12));
    CHECK(break_at() == at(base, 20) && errno == 4711);
    errno = 0;
    CHECK(KNOWN_FAILED(sbrk(INTPTR_MAX)) && errno == ENOMEM);
    errno = 0;
    CHECK(brk((void *)UINTPTR_MAX) == -1 && errno == ENOMEM);
    CHECK(break_at() == at(base, 20));
    CHECK(UNMAP(base, 20 * P, brk(base)) == 0);
}

int main(void)
{
    CALL_VOID(classes());
    CALL_VOID(parts());
    CALL_VOID(several());
    CALL_VOID(remapped());
    CALL_VOID(remapped_fixed());
    CALL_VOID(failed());
    CALL_VOID(broken());
    return known_end(1);
}
