/* SPDX-License-Identifier: MIT
 *
 * What known.h is for blocks, for mappings, page by page.
 *
 *   m = MAP(class, n, fixed, expr);   UNMAP(m, n, expr);   m = REMAP(old, old_n, n, expr);
 *   PROTECT(class, m, n, expr);       what of it was reserved becomes this class, or the reverse
 *   DISCARD(n, expr);                 n bytes are given back and stay mapped
 */
#ifndef KNOWN_PAGES_H
#define KNOWN_PAGES_H

#include "known.h"

#define KNOWN_PAGES 32768u
#define KNOWN_PAGE  4096u

/* One page of a mapping. */
struct known_page {
    uintptr_t at; /* 0: free */
    int64_t bytes;
    int mapping; /* which one; pages of one mapping that lie side by side are one piece */
    enum known_class of;
    struct known_stack stack;
};

static struct known_page known_pages[KNOWN_PAGES];
static int known_mappings;

static struct known_page *known_page_at(uintptr_t at)
{
    for (uint32_t i = 0; i < KNOWN_PAGES; i++)
        if (known_pages[i].at == at)
            return &known_pages[i];
    abort();
}

static int known_has_page(uintptr_t at)
{
    for (uint32_t i = 0; i < KNOWN_PAGES; i++)
        if (known_pages[i].at == at)
            return 1;
    return 0;
}

/* Which pages an event is about: all of its range, or those that its new protection makes of another class. */
static int known_page_wanted(const struct known_page *page, enum known_class becomes)
{
    if (becomes == KNOWN_CLASSES)
        return 1;
    return becomes == KNOWN_RESERVED ? known_in_level(page->of) : page->of == KNOWN_RESERVED;
}

/* All pages of [at, at + bytes) go, piece by piece; with a class, those that become it, as many mappings as there are pieces. How
 * many bytes. */
static int64_t known_pages_gone(uintptr_t at, size_t bytes, enum known_class becomes)
{
    int64_t all = 0;
    struct known_page piece = {0, 0, 0, KNOWN_ANON, {0, {0}}};
    uintptr_t end = (at + bytes + KNOWN_PAGE - 1) & ~(uintptr_t)(KNOWN_PAGE - 1);
    for (uintptr_t p = at & ~(uintptr_t)(KNOWN_PAGE - 1); p < end; p += KNOWN_PAGE) {
        struct known_page *page = known_has_page(p) ? known_page_at(p) : NULL;
        if (page && !known_page_wanted(page, becomes))
            page = NULL;
        int mapping = page ? page->mapping : 0;
        if (piece.mapping && mapping != piece.mapping) {
            known_gone(&piece.stack, piece.of, piece.bytes);
            piece.mapping = 0;
        }
        if (page) {
            if (!piece.mapping) {
                piece = *page;
                piece.bytes = 0;
                known_mappings++;
            }
            piece.bytes += page->bytes;
            all += page->bytes;
            page->at = becomes == KNOWN_CLASSES ? 0 : p;
            page->mapping = known_mappings;
            page->stack = known_here;
        }
    }
    if (piece.mapping)
        known_gone(&piece.stack, piece.of, piece.bytes);
    for (uintptr_t p = at; p < end && becomes != KNOWN_CLASSES; p += KNOWN_PAGE)
        if (known_has_page(p) && known_page_wanted(known_page_at(p), becomes))
            known_page_at(p)->of = becomes;
    return all;
}

static void known_pages_came(enum known_class of, uintptr_t at, size_t bytes)
{
    known_mappings++;
    known_came(of, (int64_t)bytes);
    while (bytes) {
        size_t in_page = KNOWN_PAGE - at % KNOWN_PAGE;
        struct known_page *page = known_page_at(0);
        page->at = at - at % KNOWN_PAGE;
        page->bytes = (int64_t)(bytes < in_page ? bytes : in_page);
        page->mapping = known_mappings;
        page->of = of;
        page->stack = known_here;
        at += (uintptr_t)page->bytes;
        bytes -= (size_t)page->bytes;
    }
}

#define KNOWN_FAILED(p) ((void *)(p) == (void *)-1)

/* An event on mappings: [old, old + old_bytes) goes, [at, at + bytes) comes (bytes 0: nothing); `at` MAP_FAILED: the
 * call failed. */
static inline void known_remap(const char *file, int line, const char *function, const void *old,
                               size_t old_bytes, enum known_class of, const void *at, size_t bytes)
{
    int keep = errno;
    if (KNOWN_FAILED(at))
        return;
    known_push(file, line, function);
    known_take();
    known_move_runs();
    if (old_bytes)
        known_pages_gone((uintptr_t)old, old_bytes, KNOWN_CLASSES);
    if (bytes)
        known_pages_came(of, (uintptr_t)at, bytes);
    known_settle();
    known_drop();
    known_pop();
    errno = keep;
}

/* The protection of [at, at + bytes) changes: what it makes of another class is `of`. */
static inline void known_protect(const char *file, int line, const char *function, const void *at,
                                 size_t bytes, enum known_class of)
{
    int keep = errno;
    int changes = 0;
    for (size_t p = 0; p < bytes; p += KNOWN_PAGE)
        if (known_has_page((uintptr_t)at + p))
            changes |= known_page_wanted(known_page_at((uintptr_t)at + p), of);
    if (!changes)
        return;
    known_push(file, line, function);
    known_take();
    known_move_runs();
    known_came(of, known_pages_gone((uintptr_t)at, bytes, of));
    known_settle();
    known_drop();
    known_pop();
    errno = keep;
}

static inline void known_discard(const char *file, int line, const char *function, size_t bytes)
{
    int keep = errno;
    known_push(file, line, function);
    known_take();
    known_move_runs();
    for (int i = 0; i < known_here.depth; i++)
        if (known_counts(&known_here, i))
            known_lines[known_here.line[i]].discarded += (int64_t)bytes;
    known_settle();
    known_drop();
    known_pop();
    errno = keep;
}

/* known_forked for a child of a program with mappings: what it inherits is no page of its own. */
__attribute__((unused)) static void known_forked_pages(void)
{
    known_forked();
    memset(known_pages, 0, sizeof known_pages);
}

/* clang-format off */
/* fixed: what was in its place goes */
#define MAP(of, n, fixed, expression)                                                              \
    (__extension__({ void *known_p = (expression);                                                 \
        known_remap(KNOWN_AT, known_p, (fixed) ? (n) : 0, of, known_p, n); known_p; }))
#define UNMAP(at, n, expression)                                                                   \
    (__extension__({ int known_e = (expression);                                                   \
        known_remap(KNOWN_AT, at, n, KNOWN_ANON, known_e ? (void *)-1 : NULL, 0); known_e; }))
#define REMAP(of, old, old_n, n, expression)                                                       \
    (__extension__({ void *known_p = (expression);                                                 \
        known_remap(KNOWN_AT, old, old_n, of, known_p, n); known_p; }))
#define PROTECT(of, at, n, expression)                                                             \
    (__extension__({ int known_e = (expression);                                                   \
        if (!known_e) known_protect(KNOWN_AT, at, n, of);                                          \
        known_e; }))
#define DISCARD(n, expression)                                                                     \
    (__extension__({ int known_e = (expression);                                                   \
        if (!known_e) known_discard(KNOWN_AT, n);                                                  \
        known_e; }))
/* and what is at the target goes before, as an event of its own */
#define REMAP_OVER(of, target, old, old_n, n, expression)                                          \
    (__extension__({ void *known_p = (expression);                                                 \
        known_remap(KNOWN_AT, target, n, of, KNOWN_FAILED(known_p) ? known_p : NULL, 0);           \
        known_remap(KNOWN_AT, old, old_n, of, known_p, n); known_p; }))
/* clang-format on */

#endif
