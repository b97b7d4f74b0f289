/* SPDX-License-Identifier: MIT
 *
 * Fixups as opcodes: an address and what is to be written there are set up, step by step, and then written.
 */
#include <string.h>

#include "loader.h"

#define OPCODE    0xf0u
#define IMMEDIATE 0x0fu

enum rebase {
    REBASE_DONE = 0x00,
    REBASE_SET_TYPE = 0x10,
    REBASE_SET_SEGMENT = 0x20,
    REBASE_ADD = 0x30,
    REBASE_ADD_SCALED = 0x40,
    REBASE_TIMES = 0x50,
    REBASE_ULEB_TIMES = 0x60,
    REBASE_ADD_ULEB = 0x70,
    REBASE_ULEB_TIMES_SKIPPING = 0x80
};
enum bind {
    BIND_DONE = 0x00,
    BIND_SET_ORDINAL = 0x10,
    BIND_SET_ORDINAL_ULEB = 0x20,
    BIND_SET_SPECIAL = 0x30,
    BIND_SET_SYMBOL = 0x40,
    BIND_SET_TYPE = 0x50,
    BIND_SET_ADDEND = 0x60,
    BIND_SET_SEGMENT = 0x70,
    BIND_ADD = 0x80,
    BIND_DO = 0x90,
    BIND_DO_ADD_ULEB = 0xa0,
    BIND_DO_ADD_SCALED = 0xb0,
    BIND_DO_TIMES_SKIPPING = 0xc0
};
#define TYPE_POINTER        1u
#define SYMBOL_WEAK         0x1u
#define SYMBOL_NOT_WEAK_DEF 0x8u

/* The state of both machines. */
struct state {
    struct image *image;
    const unsigned char *at, *end;
    unsigned segment;
    uint64_t offset;
    /* of binds */
    const char *name;
    int ordinal;
    bool weak, any; /* any: what is bound by weakness has no ordinal */
    int64_t addend;
    bool lazy;
};

static uint64_t uleb(struct state *s)
{
    return read_uleb(s->image, &s->at, s->end);
}

static void set_segment(struct state *s, unsigned segment)
{
    s->segment = segment;
    s->offset = uleb(s);
}

static void rebase_times(struct state *s, uint64_t times, uint64_t skip)
{
    for (uint64_t i = 0; i < times; i++) {
        unsigned char *place = image_in_segment(s->image, s->segment, s->offset, 8);
        uint64_t value;
        memcpy(&value, place, 8);
        value += (uint64_t)s->image->slide;
        memcpy(place, &value, 8);
        s->offset += 8 + skip;
    }
}

static void rebase(struct state *s)
{
    while (s->at < s->end) {
        unsigned opcode = *s->at & OPCODE, immediate = *s->at & IMMEDIATE;
        uint64_t times;
        s->at++;
        switch (opcode) {
        case REBASE_DONE:
            return;
        case REBASE_SET_TYPE:
            if (immediate != TYPE_POINTER)
                loader_fail(s->image, "rebase of type %u", immediate);
            break;
        case REBASE_SET_SEGMENT:
            set_segment(s, immediate);
            break;
        case REBASE_ADD:
            s->offset += uleb(s);
            break;
        case REBASE_ADD_SCALED:
            s->offset += immediate * 8;
            break;
        case REBASE_TIMES:
            rebase_times(s, immediate, 0);
            break;
        case REBASE_ULEB_TIMES:
            rebase_times(s, uleb(s), 0);
            break;
        case REBASE_ADD_ULEB:
            rebase_times(s, 1, uleb(s));
            break;
        case REBASE_ULEB_TIMES_SKIPPING:
            times = uleb(s);
            rebase_times(s, times, uleb(s));
            break;
        default:
            loader_fail(s->image, "rebase opcode %#x", opcode);
        }
    }
}

static void bind_times(struct state *s, uint64_t times, uint64_t skip)
{
    for (uint64_t i = 0; i < times; i++) {
        unsigned char *place = image_in_segment(s->image, s->segment, s->offset, 8);
        if (!s->name)
            loader_fail(s->image, "a bind without a name");
        void *target = bind_name(s->image, s->name, s->any ? -3 : s->ordinal, s->weak);
        if (target || !s->any) { /* nobody defines it: what was rebased stays */
            uint64_t value = (uint64_t)target + (target ? (uint64_t)s->addend : 0);
            memcpy(place, &value, 8);
        }
        s->offset += 8 + skip;
    }
}

static void bind_set(struct state *s, unsigned opcode, unsigned immediate)
{
    switch (opcode) {
    case BIND_SET_ORDINAL:
        s->ordinal = (int)immediate;
        break;
    case BIND_SET_ORDINAL_ULEB:
        s->ordinal = (int)uleb(s);
        break;
    case BIND_SET_SPECIAL: /* a small negative number */
        s->ordinal = immediate ? (int)immediate - 16 : 0;
        break;
    case BIND_SET_SYMBOL:
        s->name = read_text(s->image, &s->at, s->end);
        s->weak = immediate & SYMBOL_WEAK;
        if (immediate & SYMBOL_NOT_WEAK_DEF && s->any)
            s->name = NULL; /* a definition that is strong, nothing to bind */
        break;
    case BIND_SET_TYPE:
        if (immediate != TYPE_POINTER)
            loader_fail(s->image, "bind of type %u", immediate);
        break;
    case BIND_SET_ADDEND:
        s->addend = read_sleb(s->image, &s->at, s->end);
        break;
    default:
        loader_fail(s->image, "bind opcode %#x", opcode);
    }
}

static void bind(struct state *s)
{
    while (s->at < s->end) {
        unsigned opcode = *s->at & OPCODE, immediate = *s->at & IMMEDIATE;
        uint64_t times;
        s->at++;
        switch (opcode) {
        case BIND_DONE: /* of lazy binds: one ends, and the next begins */
            if (!s->lazy)
                return;
            break;
        case BIND_SET_SEGMENT:
            set_segment(s, immediate);
            break;
        case BIND_ADD:
            s->offset += uleb(s);
            break;
        case BIND_DO:
            bind_times(s, 1, 0);
            break;
        case BIND_DO_ADD_ULEB:
            bind_times(s, 1, uleb(s));
            break;
        case BIND_DO_ADD_SCALED:
            bind_times(s, 1, immediate * 8);
            break;
        case BIND_DO_TIMES_SKIPPING:
            times = uleb(s);
            bind_times(s, times, uleb(s));
            break;
        default:
            bind_set(s, opcode, immediate);
        }
    }
}

static struct state begin(struct image *image, const struct part *part)
{
    return (struct state){.image = image, .at = part->data, .end = part->data + part->bytes};
}

/* Lazy ones at once: what is not there is known then. */
void fixups_opcodes(struct image *image)
{
    struct state s = begin(image, &image->rebase);
    rebase(&s);
    s = begin(image, &image->bind);
    bind(&s);
    s = begin(image, &image->lazy);
    s.lazy = true;
    bind(&s);
    s = begin(image, &image->weak);
    s.any = s.weak = true;
    bind(&s);
}
