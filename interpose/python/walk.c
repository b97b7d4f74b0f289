/* SPDX-License-Identifier: MIT
 *
 * Reading a thread's chain of frames, starting from what the last reading found.
 *
 * A remembered frame's pointer is a prediction. When the chain arrives at the same pointer, the
 * frame there is read in full and compared. Then its predecessor is read from where it was the last
 * time, once the link was seen to lead there. So every link, code object and position is read anew
 * at each event, as a frame can be popped and pushed again from another line of its caller. But the
 * loads don't wait for each other.
 */
#include "python/walk.h"

#include <string.h>

#include "base/meta.h"
#include "format.h"
#include "log/log.h"
#include "python/command.h"
#include "python/interpreter.h"

/* how many remembered frames to look at for each frame that is not where we expect it */
#define WINDOW     6
#define LINES_MIN  256u
#define LINES_MAX  8192u
#define FRAMES_MIN 64
#define BEYOND_MAX (64 * MT_DEPTH_MAX) /* how many frames to pass in search of a loop's end */

/* What stands in a frame, and where the chain goes on. */
struct seen {
    uintptr_t code, position, marker;
    uint16_t bottom,
        entry; /* entry: 3.11's is_entry, as it stands in the frame; kept in a frame's `extra` */
    struct mt_python_at next;
};

/* Pass the frames without Python code that may follow. The first one lies in the native loop that
 * ends here. */
static inline void pass_shims(const struct mt_python_layout *l, struct seen *s)
{
    uintptr_t frame = s->next.frame;

    s->bottom = frame == 0;
    while (frame && *(const volatile uint8_t *)(frame + l->frame_owner) >= l->shim_owner) {
        if (!s->bottom) {
            s->bottom = 1;
            s->marker = frame;
        }
        frame = mt_load(frame, l->frame_previous);
    }
    s->next.frame = frame;
}

static inline void look(const struct mt_python_layout *l, struct mt_python_at at, struct seen *s)
{
    s->next.frame = mt_load(at.frame, l->frame_previous);
    s->next.cframe = at.cframe;
    s->marker = 0;
    s->entry = 0;
    s->code = mt_load(at.frame, l->frame_code);
    if (l->style == MT_PYTHON_SHIMS) {
        s->code &= ~(uintptr_t)3; /* tags of 3.14 */
        s->position = mt_load(at.frame, l->frame_position);
        pass_shims(l, s);
        return;
    }
    if (l->style == MT_PYTHON_ENTRIES) {
        s->position = mt_load(at.frame, l->frame_position);
        s->entry = *(const volatile uint8_t *)(at.frame + l->frame_owner);
        s->bottom = s->entry != 0 || !s->next.frame;
    } else {
        s->position = *(const volatile uint32_t *)(at.frame + l->frame_position);
        s->bottom = 1;
    }
    if (s->bottom && at.cframe) {
        s->next.cframe = mt_load(at.cframe, l->cframe_previous);
        s->marker = s->next.cframe ? at.cframe : 0; /* the last one is in the thread state */
    }
}

static bool reserve(struct mt_foreign_frame **array, size_t *cap, size_t count)
{
    size_t more = *cap ? *cap : FRAMES_MIN;
    struct mt_foreign_frame *grown;

    if (count <= *cap)
        return true;
    while (more < count)
        more *= 2;
    grown = mt_meta_grow(*array, *cap * sizeof **array, more * sizeof **array);
    if (!grown)
        return false;
    *array = grown;
    *cap = more;
    return true;
}

static struct mt_python_line *line_slot(struct mt_python_thread *th, uintptr_t code,
                                        uintptr_t position)
{
    uint64_t hash = (code >> 4) * 0x9e3779b97f4a7c15u + position * 0xd6e8feb86659fd93u;

    return &th->lines[hash >> 40 & th->lines_mask];
}

/* Too many frames share a slot: start anew with more slots. */
static void lines_grow(struct mt_python_thread *th)
{
    uint32_t slots = th->lines ? (th->lines_mask + 1) * 4 : LINES_MIN;
    struct mt_python_line *grown;

    th->lines_missed = 0;
    if (slots > LINES_MAX)
        return;
    grown = mt_meta_alloc(slots * sizeof *grown);
    if (!grown)
        return;
    mt_meta_free(th->lines);
    th->lines = grown;
    th->lines_mask = slots - 1;
}

/* Code mostly runs forward, above all that of a module that is imported: so each of its lines is
 * resolved once. */
static struct mt_python_mark *mark_of(struct mt_python_thread *th,
                                      const struct mt_python_code *entry)
{
    struct mt_python_marked *m = &th->marks[(uintptr_t)entry / sizeof *entry % MT_PYTHON_MARKS];

    if (m->entry != entry || m->serial != entry->serial)
        *m = (struct mt_python_marked){.entry = entry, .serial = entry->serial};
    return &m->mark;
}

/* A line costs much to find, and in a full log in vain: then the next ones are not looked for. */
#define REFUSED 63u

static uint32_t refuse(struct mt_python_thread *th)
{
    if (__atomic_load_n(&mt_log.header->flags, __ATOMIC_RELAXED) & MT_FLAG_FULL)
        th->refused = REFUSED;
    return 0;
}

/* Index in FRAME; 0: none can be had. */
uint32_t mt_python_walk_index(struct mt_python_thread *th, uintptr_t code, uintptr_t position)
{
    struct mt_python_line *line = th->lines ? line_slot(th, code, position) : NULL;
    const struct mt_python_code *entry;
    uint32_t index;

    if (line && line->code == code && line->position == position &&
        __atomic_load_n(&line->entry->address, __ATOMIC_RELAXED) == code &&
        __atomic_load_n(&line->entry->serial, __ATOMIC_RELAXED) == line->serial)
        return line->index;
    if (__builtin_expect(th->refused, 0)) {
        th->refused--;
        return 0;
    }
    if (!th->lines || ++th->lines_missed > 2 * th->lines_mask)
        lines_grow(th);
    if (code && !mt_python_code_find(code))
        mt_python_command_find(code, th->top);
    entry = code ? mt_python_code_enter(code) : NULL;
    if (!entry)
        return refuse(th);
    index = mt_python_code_frame(entry, code, position, mark_of(th, entry));
    if (!index)
        return refuse(th);
    if (th->lines) {
        line = line_slot(th, code, position);
        *line = (struct mt_python_line){code, position, entry, entry->serial, index};
    }
    return index;
}

/* Store what was seen at `frame`, resolving it if it is not what stands there. */
static inline bool update(struct mt_python_thread *th, struct mt_foreign_frame *f, uintptr_t frame,
                          const struct seen *s)
{
    if (__builtin_expect(f->code != s->code || f->position != s->position || !f->index, 0)) {
        f->code = s->code;
        f->position = s->position;
        f->index = mt_python_walk_index(th, s->code, s->position);
    }
    f->frame = frame;
    f->marker = s->marker;
    f->bottom = s->bottom;
    f->extra = s->entry;
    return f->index != 0;
}

/* How many of the outer `count` remembered frames there are up to and with `frame`; 0: it is not
 * found nearby. */
static size_t find(const struct mt_python_thread *th, size_t count, uintptr_t frame, size_t window)
{
    for (size_t i = count; i > 0 && window > 0; i--, window--)
        if (th->stack.frames[i - 1].frame == frame)
            return i;
    return 0;
}

/* The fast way over frames[count - 1] and further out, as long as nothing changed. What did change
 * is left to follow(), which reads that frame again. Returns how many frames are left. */
static inline __attribute__((always_inline)) size_t
pass_unchanged(enum mt_python_style style, const struct mt_foreign_frame *frames, size_t count,
               struct mt_python_at *at)
{
    const struct mt_python_layout *l = &mt_python.layout;
    const size_t code_at = l->frame_code, position_at = l->frame_position;
    const size_t previous_at = l->frame_previous, owner_at = l->frame_owner;
    const size_t cframe_previous_at = l->cframe_previous;
    const unsigned shim_owner = l->shim_owner;
    uintptr_t frame = at->frame, cframe = at->cframe;

    for (; count > 0 && frames[count - 1].frame == frame; count--) {
        const struct mt_foreign_frame *f = &frames[count - 1];
        uintptr_t now = mt_python_predicted(f->frame), link = mt_load(now, previous_at);
        uintptr_t code = mt_load(now, code_at);
        unsigned owner =
            style >= MT_PYTHON_ENTRIES ? *(const volatile uint8_t *)(now + owner_at) : 0;
        uintptr_t position = style >= MT_PYTHON_ENTRIES
                                 ? mt_load(now, position_at)
                                 : *(const volatile uint32_t *)(now + position_at);

        if (style == MT_PYTHON_SHIMS)
            code &= ~(uintptr_t)3;
        if (code != f->code || position != f->position)
            break;
        if (style == MT_PYTHON_SHIMS) {
            if (owner >= shim_owner)
                break;
            if (f->bottom && f->marker) {
                if (link != f->marker)
                    break;
                link = mt_python_predicted(link);
                if (*(const volatile uint8_t *)(link + owner_at) < shim_owner)
                    break;
                link = mt_load(link, previous_at);
            }
            /* Two shims in a row, or one where there was none. */
            if (link != (count > 1 ? frames[count - 2].frame : 0))
                break;
        } else {
            if (style == MT_PYTHON_ENTRIES && (owner != 0 || !link) != f->bottom)
                break;
            if (style >= MT_PYTHON_CFRAMES && f->bottom) {
                if (cframe != f->marker || !cframe)
                    break;
                cframe = mt_load(mt_python_predicted(f->marker), cframe_previous_at);
                if (!cframe)
                    break;
            }
        }
        frame = link;
        *at = (struct mt_python_at){frame, cframe};
    }
    return count;
}

static size_t pass_unchanged_of(const struct mt_python_thread *th, size_t count,
                                struct mt_python_at *at)
{
    switch (mt_python.layout.style) {
    case MT_PYTHON_OBJECTS:
        return pass_unchanged(MT_PYTHON_OBJECTS, th->stack.frames, count, at);
    case MT_PYTHON_CFRAMES:
        return pass_unchanged(MT_PYTHON_CFRAMES, th->stack.frames, count, at);
    case MT_PYTHON_ENTRIES:
        return pass_unchanged(MT_PYTHON_ENTRIES, th->stack.frames, count, at);
    case MT_PYTHON_SHIMS:
        break;
    }
    return pass_unchanged(MT_PYTHON_SHIMS, th->stack.frames, count, at);
}

/* Whether a merge treats them alike. */
static inline bool reads_alike(const struct mt_foreign_frame *a, const struct mt_foreign_frame *b)
{
    return a->index == b->index && a->marker == b->marker && a->bottom == b->bottom;
}

/* Follow the prediction from frames[count - 1] outward. Returns how many of the remembered frames
 * were not reached. 0 with at->frame == 0: all were right. */
static size_t follow(struct mt_python_thread *th, size_t count, struct mt_python_at *at,
                     bool *failed)
{
    struct mt_foreign_frame old;
    struct seen s;

    for (;;) {
        count = pass_unchanged_of(th, count, at);
        if (count == 0 || at->frame != th->stack.frames[count - 1].frame)
            return count;
        count--;
        look(&mt_python.layout, *at, &s);
        old = th->stack.frames[count];
        if (!update(th, &th->stack.frames[count], at->frame, &s))
            *failed = true;
        if (th->stack.same > count && !reads_alike(&old, &th->stack.frames[count]))
            th->stack.same = count;
        *at = s.next;
    }
}

/* The marker of the native loop that runs the frames up to `at`, which are not its outermost. */
static uintptr_t marker_beyond(struct mt_python_at at)
{
    const struct mt_python_layout *l = &mt_python.layout;
    struct seen s;

    if (l->style == MT_PYTHON_ENTRIES)
        return at.cframe && mt_load(at.cframe, l->cframe_previous) ? at.cframe : 0;
    for (size_t n = 0; at.frame && n < BEYOND_MAX; n++) {
        look(l, at, &s);
        if (s.bottom)
            return s.marker;
        at = s.next;
    }
    return 0;
}

/* The frames are the `kept` outer ones of th->stack.frames and then th->fresh in reverse. Leave out
 * the outermost `drop`, and whatever is at `at` and beyond. The outermost frame that stays gets its
 * loop's marker, as if it were the loop's outermost. */
static void cut_off(struct mt_python_thread *th, size_t *kept, size_t *fresh, size_t drop,
                    struct mt_python_at at)
{
    const struct mt_foreign_frame *bottom = NULL;
    struct mt_foreign_frame *outermost;
    size_t i = drop;

    th->stack.cut = true;
    while (i > 0 && (!bottom || !bottom->bottom)) {
        i--;
        bottom = i < *kept ? &th->stack.frames[i] : &th->fresh[*kept + *fresh - 1 - i];
    }
    outermost = drop < *kept ? &th->stack.frames[drop] : &th->fresh[*kept + *fresh - 1 - drop];
    if (!outermost->bottom)
        outermost->marker = bottom && bottom->bottom ? bottom->marker : marker_beyond(at);
    if (drop > *kept) {
        *fresh -= drop - *kept;
        drop = *kept;
    }
    *kept -= drop;
    if (drop > 0)
        memmove(th->stack.frames, th->stack.frames + drop, *kept * sizeof *th->stack.frames);
}

/* frames = the outer `kept` ones and then `fresh` in reverse, with room for one more; if that is
 * not all, or too much, the inner ones. */
static bool join(struct mt_python_thread *th, size_t kept, size_t fresh, struct mt_python_at at)
{
    size_t drop = kept + fresh > MT_DEPTH_MAX ? kept + fresh - MT_DEPTH_MAX : 0;

    th->stack.cut = false;
    if (drop > 0 || at.frame)
        cut_off(th, &kept, &fresh, drop, at);
    if (!reserve(&th->stack.frames, &th->stack.cap, kept + fresh + 1)) {
        th->stack.used = 0;
        return false;
    }
    for (size_t i = 0; i < fresh; i++)
        th->stack.frames[kept + i] = th->fresh[fresh - 1 - i];
    th->stack.used = kept + fresh;
    if (th->stack.cut)
        th->stack.same = 0;
    else if (th->stack.same > kept)
        th->stack.same = kept;
    return true;
}

/* Read one frame that was not where we expected it, and go on to the next. */
static bool add_fresh(struct mt_python_thread *th, size_t fresh, struct mt_python_at *at,
                      bool *failed)
{
    struct seen s;

    if (!reserve(&th->fresh, &th->fresh_cap, fresh + 1))
        return false;
    look(&mt_python.layout, *at, &s);
    th->fresh[fresh].index = 0;
    if (!update(th, &th->fresh[fresh], at->frame, &s))
        *failed = true;
    *at = s.next;
    return true;
}

bool mt_python_walk(struct mt_python_thread *th, struct mt_python_at at)
{
    size_t fresh = 0, count = th->stack.used, found, rest;
    bool failed = false;

    th->top = at.frame;
    th->stack.same = th->stack.used;
    while (at.frame && fresh < MT_DEPTH_MAX) {
        found = find(th, count, at.frame, fresh == 1 ? count : WINDOW);
        if (!found) {
            if (!add_fresh(th, fresh++, &at, &failed))
                return false;
            continue;
        }
        rest = follow(th, found, &at, &failed);
        if (rest == 0 && (!at.frame || found + fresh >= MT_DEPTH_MAX))
            return join(th, found, fresh, at) && !failed;
        /* The chain left what we remember. What was right of it now counts as fresh. */
        if (!reserve(&th->fresh, &th->fresh_cap, fresh + found - rest))
            return false;
        while (found > rest)
            th->fresh[fresh++] = th->stack.frames[--found];
        count = rest;
    }
    return join(th, 0, fresh, at) && !failed;
}
