/* SPDX-License-Identifier: MIT
 *
 * An event's stack: captured, or known again, and its leaf in the tree. Callable with the guard
 * set, by the thread whose part is passed; keeps errno.
 */
#ifndef MT_CAPTURE_H
#define MT_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "foreign/pair.h"
#include "foreign/stack.h"
#include "format.h"
#include "tables/tree.h"
#include "unwind/stack.h"

/* The part of a thread. */
struct mt_capture {
    struct mt_found now; /* the last event's stack, for all modules */
    /* For capture.c alone: */
    struct mt_thread_entry *entry; /* the slot in the log; its root is written here */
    uint32_t slot;                 /* 0: the log has no entry for the thread yet */
    struct mt_tree tree;
    struct mt_stack stack;      /* native */
    struct mt_foreign *foreign; /* an interpreter's; NULL: not read yet */
    struct mt_known *known;     /* hash of a whole stack -> leaf */
    uint32_t known_bits;
    uint32_t known_used;
    uint32_t generation;    /* mt_modules_generation at the last event */
    uint32_t period;        /* the one that path[0] is the root of */
    uint32_t keys_used;     /* depth of the last stack in keys, without the root */
    bool new_root;          /* the next one does not share the root either */
    bool elsewhere;         /* the last event's stack is not the one in `keys` ... */
    struct mt_whole *whole; /* ... but this remembered one, if it is not NULL */
    uint64_t whole_at;      /* its `at` if it is remembered now, else 0 */
    struct mt_pair *pairs;  /* native and foreign stack -> leaf; NULL: not made yet */
    /* how many entries of `path` are right for `keys`, the root among them */
    uint32_t path_used;
    mt_key *keys; /* the last captured stack, outermost first; keys[i] is path[i + 1] */
    mt_key *scratch;
    uint64_t *hashes; /* hashes[i]: of keys[0..i) */
    uint32_t *path;   /* nodes */
    bool mixed;     /* the last stack had frames that are not native, or was not put into `keys` */
    uint32_t first; /* frames of the last captured stack from here on are new */
    bool full;      /* a node could not be had: stacks are remembered as a whole */
    uint32_t unknown; /* events at stacks that are known to have no leaf */
};

/* Capture the stack at `from`. Its leaf is c->now.leaf, its depth c->now.frames frames below the
 * thread's root, and its outermost c->now.same nodes are those of the event before. False: no space for
 * the nodes, so the event can't be recorded. */
bool mt_capture(struct mt_capture *c, const struct mt_start *from);

/* No run is open but the root's: the next event shares nothing else with this one. */
void mt_capture_lost(struct mt_capture *c);

/* The thread ends, or a state that serves several threads goes on to the next: forget what is known
 * of its stack. */
void mt_capture_thread_end(struct mt_capture *c);

/* After mt_capture_thread_end: no thread has the part for now. What can be found out again is released: all but the tree. Guard set,
 * any thread. */
void mt_capture_rest(struct mt_capture *c);

#endif
