/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/aside.h"
#include "base/guard.h"
#include "base/near.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/account.h"
#include "tables/levels.h"
#include "tables/objects.h"
#include "tables/thread.h"

/* After so many events of a thread the process's tick moves on. The order of events of different
 * threads is known to about that many (mt_alloc.last). */
#define TICK_EVENTS 1024u

/* Count what goes, in the release records of this node: one for each class that something goes
 * from. */
static inline __attribute__((always_inline)) bool
count_gone(struct mt_thread *t, const struct mt_event *event, uint32_t links[MT_CLASSES])
{
    for (uint32_t i = 0; i < event->gone_count; i++) {
        const struct mt_gone *g = &event->gone[i];
        /* where there are several, the record must have room for whatever they are */
        uint64_t bytes = event->gone_count == 1 ? g->bytes : UINT64_MAX;
        if (!links[g->class] &&
            !(links[g->class] = mt_counters_hinted(&t->counters, t->capture.now.known,
                                                   MT_KIND_RELEASE + g->class, bytes)))
            return false;
    }
    for (uint32_t i = 0; i < event->gone_count; i++) {
        const struct mt_gone *g = &event->gone[i];
        mt_counters_released(links[g->class], g->bytes);
        mt_counters_went(g->unit, g->bytes, 1);
    }
    return true;
}

static inline __attribute__((always_inline)) uint64_t place(struct mt_thread *t)
{
    if (++t->ticks >= TICK_EVENTS) {
        t->ticks = 0;
        __atomic_fetch_add(&mt_log.header->tick, 1, __ATOMIC_RELAXED);
    }
    return (uint64_t)__atomic_load_n(&mt_log.header->tick, __ATOMIC_RELAXED) << 32 |
           (uint32_t)t->entry->events;
}

/* The thread gets its entry in the log, if there is space for one. */
static bool list(struct mt_thread *t)
{
    uint64_t slot = mt_log_reserve(MT_REGION_THREAD, sizeof(struct mt_thread_entry), 1);
    if (!slot)
        return false;
    t->entry = (struct mt_thread_entry *)mt_log.base[MT_REGION_THREAD] + slot;
    *t->entry = t->unlisted;
    t->slot = t->capture.slot = (uint32_t)slot;
    t->runs.entry = t->capture.entry = t->entry;
    return true;
}

static void close_runs(void *runs)
{
    mt_runs_close(runs, 0);
}

/* There is no space for the event's stack, or for what happens there. The event counts all the
 * same, and what it allocates is as live as any other block; only the place is not known. The event is passed as a copy, so that the
 * usual one stays in registers. */
static __attribute__((noinline, cold)) uint32_t lose(struct mt_thread *t, struct mt_event event)
{
    struct mt_event counted = event;
    uint32_t came = 0;
    if (t->runs.depth)
        mt_aside(close_runs, &t->runs);
    t->entry->leaf = 0;
    mt_capture_lost(&t->capture); /* the next event shares nothing with this one */
    before(net_of(&event));
    for (uint32_t i = 0; i < event.gone_count; i++) {
        const struct mt_gone *g = &event.gone[i];
        if (!mt_counters_lost_went(&t->counters, g->class, g->bytes))
            mt_log_dropped(1, 0);
        mt_counters_went(g->unit, g->bytes, 1);
    }
    if (event.comes && !(came = mt_counters_lost_came(&t->counters, event.class, event.bytes))) {
        counted.comes = false;
        mt_log_dropped(1, event.bytes);
    }
    int64_t net = net_of(&counted);
    uint64_t level = levels(&counted, net);
    t->entry->level += net;
    mt_timeline_moved(&t->timeline, &t->counters, 0, 0, net < 0 ? (uint64_t)-net : (uint64_t)net,
                      level);
    return MT_LINK_NEXT(came);
}

struct accounting {
    struct mt_thread *thread;
    const struct mt_event *event;
    uint32_t came;
};

static void account_aside(void *accounting)
{
    struct accounting *a = accounting;
    a->came = mt_account(a->thread, a->event);
}

/* The stack has no leaf. It may be the thread's first event: without an entry it has no root. */
static __attribute__((noinline, cold)) uint32_t no_stack(struct mt_thread *t, struct mt_event event)
{
    struct accounting again = {t, &event, 0};
    if (t->slot || !list(t))
        return lose(t, event);
    mt_aside(account_aside, &again); /* there are two events' frames by now */
    return again.came;
}

/* Inlined into the usual events, where the compiler drops most of it. */
static inline __attribute__((always_inline)) uint32_t account(struct mt_thread *t,
                                                              const struct mt_event *event)
{
    struct mt_thread_entry *e = t->entry;
    if (t->timeline.resident_due)
        mt_timeline_resident(&t->timeline, &t->counters, e->leaf);
    if (!mt_capture(&t->capture, event->from))
        return no_stack(t, *event);
    uint32_t leaf = t->capture.now.known->leaf;
    /* Needed soon, and where stacks are many not in the cache: the record, and the node when its
     * run is closed. */
    __builtin_prefetch(mt_counters_at(MT_LINK_NEXT(t->capture.now.known->unit)), 1);
    __builtin_prefetch(mt_log_node(leaf));
    uint32_t came = 0, links[MT_CLASSES] = {0};
    int64_t net = net_of(event);
    if (!mt_runs_move(&t->runs, t->capture.now.frames + 1, t->capture.now.same, t->capture.now.site,
                      t->capture.now.turned, leaf) ||
        (event->comes && !(came = mt_counters_hinted(&t->counters, t->capture.now.known,
                                                     MT_KIND_ALLOC + event->class, event->bytes))))
        return lose(t, *event);
    before(net);
    if (!count_gone(t, event, links))
        return lose(t, *event);
    if (came)
        mt_counters_came(came, event->bytes);
    uint64_t level = levels(event, net), last = place(t);
    uint32_t previous = e->leaf;
    e->leaf = leaf;
    e->level += net;
    e->events++;
    mt_runs_level(&t->runs, e->level);
    if (came)
        mt_counters_came_at(came, level, last);
    for (uint32_t i = 0; i < event->gone_count; i++)
        mt_counters_released_at(links[event->gone[i].class], level, last);
    mt_timeline_moved(&t->timeline, &t->counters, previous, leaf,
                      net < 0 ? (uint64_t)-net : (uint64_t)net, level);
    return MT_LINK_NEXT(came);
}

uint32_t mt_account(struct mt_thread *t, const struct mt_event *event)
{
    return account(t, event);
}

void mt_account_discard(struct mt_thread *t, const struct mt_start *from, uint64_t bytes)
{
    struct mt_event event = {.from = from};
    uint64_t events = t->entry->events;
    mt_account(t, &event);
    uint32_t leaf = t->entry->leaf, unit = 0;
    if (t->entry->events != events) /* else its stack is not known */
        unit = MT_LINK_NEXT(mt_counters_find(&t->counters, leaf, MT_KIND_DISCARD, 0));
    if (unit) {
        struct mt_discard *d = mt_counters_at(unit);
        d->discards++;
        d->discarded += bytes;
        d->level = __atomic_load_n(&mt_log.header->level, __ATOMIC_RELAXED);
        d->last = (uint64_t)__atomic_load_n(&mt_log.header->tick, __ATOMIC_RELAXED) << 32 |
                  (uint32_t)events;
    } else {
        t->entry->events = events; /* as for all that is lost */
        if (!mt_counters_lost_discarded(&t->counters, bytes))
            mt_log_dropped(1, 0);
    }
}

/* What became of an event: without space, or without a stack (that is not captured a second time), nothing has happened yet. */
enum outcome { COUNTED, NO_SPACE, NO_STACK };

/* A block or an object comes or goes. This is account() for one block of the heap, with nothing left to
 * decide, and only for a process of one thread: nearly all events of such a process. */
static inline __attribute__((always_inline)) enum outcome
account_one(struct mt_thread *t, const struct mt_start *from, bool comes, struct mt_live *live)
{
    struct mt_header *h = mt_log.header;
    struct mt_thread_entry *e = t->entry;
    struct mt_class_level *heap = &h->class_level[MT_HEAP];
    int64_t net = comes ? (int64_t)live->size : -(int64_t)live->size;

    if (t->timeline.resident_due)
        mt_timeline_resident(&t->timeline, &t->counters, e->leaf);
    if (!mt_capture(&t->capture, from))
        return NO_STACK;
    struct mt_known *hint = t->capture.now.known;
    uint32_t leaf = hint->leaf, kind = (comes ? MT_KIND_ALLOC : MT_KIND_RELEASE) + MT_HEAP;
    if ((t->runs.depth != t->capture.now.same || t->runs.depth != t->capture.now.frames + 1) &&
        !mt_runs_move(&t->runs, t->capture.now.frames + 1, t->capture.now.same, t->capture.now.site,
                      t->capture.now.turned, leaf))
        return NO_SPACE;
    uint32_t link = mt_counters_hinted(&t->counters, t->capture.now.known, kind, live->size);
    if (!link)
        return NO_SPACE;
    if (net < 0 && h->at_peak) {
        h->peak_seq++;
        h->at_peak = 0;
    }
    if (comes)
        mt_counters_add(link, live->size);
    else
        mt_counters_subtract(live->unit, live->size, 1);
    heap->level += (uint64_t)net;
    uint64_t level = h->level += (uint64_t)net;
    if (comes && heap->level > heap->peak)
        heap->peak = heap->level;
    if (comes && level > h->peak) {
        h->peak = level;
        h->at_peak = 1;
    }
    uint64_t last = place(t);
    uint32_t previous = e->leaf;
    e->leaf = leaf;
    e->level += net;
    e->events++;
    mt_runs_level(&t->runs, e->level);
    if (comes) {
        mt_counters_came_at(link, level, last);
    } else { /* the compiler makes one of these two's questions */
        mt_counters_released(link, live->size);
        mt_counters_released_at(link, level, last);
    }
    mt_timeline_moved(&t->timeline, &t->counters, previous, leaf, live->size, level);
    if (comes)
        live->unit = MT_LINK_NEXT(link);
    return COUNTED;
}

/* Apart, as what it makes on the stack would be there in the usual case, too. */
static __attribute__((noinline, cold)) uint32_t
came_unseen(struct mt_thread *t, const struct mt_start *from, enum outcome outcome, uint64_t bytes)
{
    struct mt_event event = {.from = from, .comes = true, .class = MT_HEAP, .bytes = bytes};
    return outcome == NO_STACK ? no_stack(t, event) : lose(t, event);
}

static __attribute__((noinline, cold)) void went_unseen(struct mt_thread *t,
                                                        const struct mt_start *from,
                                                        enum outcome outcome, struct mt_live block)
{
    struct mt_gone gone = {block.unit, MT_HEAP, block.size};
    struct mt_event event = {.from = from, .gone = &gone, .gone_count = 1};
    if (outcome == NO_STACK)
        no_stack(t, event);
    else
        lose(t, event);
}

/* `bytes` came. Returns the counter record, 0: dropped. */
static inline __attribute__((always_inline)) uint32_t
came_one(struct mt_thread *t, const struct mt_start *from, uint64_t bytes)
{
    if (__builtin_expect(mt_shared(), 0)) {
        struct mt_event event = {.from = from, .comes = true, .class = MT_HEAP, .bytes = bytes};
        return account(t, &event);
    }
    struct mt_live live = {bytes, 0};
    enum outcome outcome = account_one(t, from, true, &live);
    return __builtin_expect(outcome == COUNTED, 1) ? live.unit
                                                   : came_unseen(t, from, outcome, bytes);
}

/* `block`, which no table holds any more, went. */
static inline __attribute__((always_inline)) void
went_one(struct mt_thread *t, const struct mt_start *from, struct mt_live block)
{
    if (__builtin_expect(mt_shared(), 0)) {
        struct mt_gone gone = {block.unit, MT_HEAP, block.size};
        struct mt_event event = {.from = from, .gone = &gone, .gone_count = 1};
        account(t, &event);
        return;
    }
    enum outcome outcome = account_one(t, from, false, &block);
    if (__builtin_expect(outcome != COUNTED, 0))
        went_unseen(t, from, outcome, block);
}

/* A block goes within an event: aside, as there would be two events' frames. */
static __attribute__((noinline, cold)) void
release_too(struct mt_thread *t, const struct mt_start *from, struct mt_live block)
{
    struct mt_gone gone = {block.unit, MT_HEAP, block.size};
    struct mt_event event = {.from = from, .gone = &gone, .gone_count = 1};
    mt_aside(account_aside, &(struct accounting){t, &event, 0});
}

/* The block is entered, but `stale` stood there, or it could not be. */
static __attribute__((noinline, cold)) void
entered_oddly(struct mt_thread *t, const struct mt_start *from, enum mt_live_entered entered,
              struct mt_live entry, struct mt_live stale)
{
    if (entered == MT_LIVE_REPLACED) {
        /* We did not see its release (a free inside a signal handler, say): it is gone all the
         * same. */
        release_too(t, from, stale);
        return;
    }
    /* Not tracked: it will never be seen released, so it must not stay live. */
    release_too(t, from, entry);
    mt_log_dropped(1, 0); /* its true release; the allocation is recorded */
}

static inline __attribute__((always_inline)) void
enter(struct mt_thread *t, const struct mt_start *from, const void *block, struct mt_live entry)
{
    struct mt_live stale;
    if (__builtin_expect(!entry.unit, 0))
        return;
    enum mt_live_entered entered = mt_live_enter((uintptr_t)block, entry, &stale);
    if (__builtin_expect(entered != MT_LIVE_ENTERED, 0))
        entered_oddly(t, from, entered, entry, stale);
}

void mt_account_enter(struct mt_thread *t, const struct mt_start *from, const void *block,
                      struct mt_live entry)
{
    enter(t, from, block, entry);
}

/* An event brought the block. */
static inline __attribute__((always_inline)) void
came(struct mt_thread *t, const struct mt_start *from, const void *block, struct mt_live entry)
{
    mt_recent_came(&t->recent, t->entry->events - 1, block, entry.unit);
    enter(t, from, block, entry);
}

MT_HOT void mt_account_block(struct mt_thread *t, const struct mt_start *from, const void *block,
                             uint64_t bytes)
{
    mt_live_prefetch((uintptr_t)block);
    came(t, from, block, (struct mt_live){bytes, came_one(t, from, bytes)});
}

MT_HOT void mt_account_free(struct mt_thread *t, const struct mt_start *from, const void *block)
{
    struct mt_live entry = mt_live_take((uintptr_t)block);
    if (__builtin_expect(!entry.unit, 0)) {
        mt_account_unknown(block);
        return;
    }
    __builtin_prefetch(mt_counters_at(entry.unit), 1);
    went_one(t, from, entry);
    mt_recent_went(&t->recent, t->entry->events - 1, block, entry.unit, entry.size);
}

void mt_account_moved(struct mt_thread *t, const struct mt_start *from, const struct mt_live *old,
                      const void *block, uint64_t bytes)
{
    struct mt_gone gone = {old ? old->unit : 0, MT_HEAP, old ? old->size : 0};
    struct mt_event event = {from, &gone, old ? 1 : 0, true, MT_HEAP, bytes};
    came(t, from, block, (struct mt_live){bytes, account(t, &event)});
}

/* ---- Objects: those in an interpreter's arenas are not in the table of live blocks ---- */

static inline __attribute__((always_inline)) void enter_object(struct mt_thread *t,
                                                               const struct mt_start *from,
                                                               const void *object,
                                                               struct mt_live entry)
{
    struct mt_live stale;
    if (__builtin_expect(!entry.unit, 0))
        return;
    enum mt_live_entered entered = mt_objects_enter((uintptr_t)object, entry, &stale);
    if (__builtin_expect(entered == MT_LIVE_NOT, 0))
        mt_account_enter(t, from, object, entry);
    else if (__builtin_expect(entered == MT_LIVE_REPLACED, 0))
        release_too(t, from, stale); /* we did not see its release */
}

void mt_account_object_enter(struct mt_thread *t, const struct mt_start *from, const void *object,
                             struct mt_live entry)
{
    enter_object(t, from, object, entry);
}

static inline __attribute__((always_inline)) struct mt_live take_object(const void *object)
{
    struct mt_live live;
    return mt_objects_take((uintptr_t)object, &live) ? live : mt_live_take((uintptr_t)object);
}

struct mt_live mt_account_object_take(const void *object)
{
    return take_object(object);
}

MT_HOT void mt_account_object(struct mt_thread *t, const struct mt_start *from, const void *object,
                              uint64_t bytes)
{
    struct mt_live live = {bytes, came_one(t, from, bytes)};
    mt_recent_came(&t->recent, t->entry->events - 1, object, live.unit);
    enter_object(t, from, object, live);
}

MT_HOT void mt_account_object_free(struct mt_thread *t, const struct mt_start *from,
                                   const void *object)
{
    struct mt_live entry = take_object(object);
    if (__builtin_expect(!entry.unit, 0)) {
        mt_account_unknown(object);
        return;
    }
    went_one(t, from, entry);
    mt_recent_went(&t->recent, t->entry->events - 1, object, entry.unit, entry.size);
}

void mt_account_object_moved(struct mt_thread *t, const struct mt_start *from,
                             const struct mt_live *old, const void *object, uint64_t bytes)
{
    struct mt_gone gone = {old ? old->unit : 0, MT_HEAP, old ? old->size : 0};
    struct mt_event event = {from, &gone, old ? 1 : 0, true, MT_HEAP, bytes};
    struct mt_live live = {bytes, mt_account(t, &event)};
    mt_recent_came(&t->recent, t->entry->events - 1, object, live.unit);
    mt_account_object_enter(t, from, object, live);
}

void mt_account_thread_pause(struct mt_thread *t)
{
    mt_runs_close(&t->runs, 0);
    t->entry->leaf = 0;
    mt_capture_lost(&t->capture);
}

void mt_account_thread_end(struct mt_thread *t)
{
    mt_account_thread_pause(t);
    mt_recent_forget(&t->recent);
    mt_capture_thread_end(&t->capture);
}
