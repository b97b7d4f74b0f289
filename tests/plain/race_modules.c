/* SPDX-License-Identifier: MIT
 *
 * Two threads meet addresses whose places in the table are the same, at once: each gets the frame of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race.h"

#include "../../interpose/loader/modules.c"

/* What modules.c needs of the others. No module is at these addresses, so each is a frame of its own, numbered as it comes. */
static uint64_t met[100];
static uint32_t met_used = 1;

uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value)
{
    (void)kind;
    (void)owner;
    met[met_used] = value;
    return met_used++;
}

uint32_t mt_log_string(const char *text, size_t bytes)
{
    (void)text;
    (void)bytes;
    return 0;
}

bool mt_log_record(enum mt_record_kind kind, const struct mt_piece *pieces, unsigned count)
{
    (void)kind;
    (void)pieces;
    (void)count;
    return false;
}

bool mt_object_at(uintptr_t address, struct mt_object *object)
{
    (void)address;
    (void)object;
    return false;
}

void mt_object_forget(void)
{
}

void mt_object_forked(void)
{
}

bool mt_object_loader(uintptr_t *begin, uintptr_t *end)
{
    (void)begin;
    (void)end;
    return false;
}

size_t mt_program_path(char *path, size_t room)
{
    (void)path;
    (void)room;
    return 0;
}

size_t mt_program_absolute(char *path, size_t room, uintptr_t within)
{
    (void)path;
    (void)room;
    (void)within;
    return 0;
}

static const uintptr_t mine = 0x1000;
static uintptr_t others;
static uint32_t others_frame;

static void meet_others(void)
{
    others_frame = mt_modules_frame(others);
}

int main(void)
{
    mt_modules_frame(0x800); /* makes the table */
    const struct slot *place = find(table, mine);
    others = mine + 1;
    while (find(table, others) != place)
        others++;

    race_other = meet_others;
    uint32_t frame = mt_modules_frame(mine);
    if (race_other || met[frame] != mine || met[others_frame] != others) {
        printf("%s: frame %u is of %#lx, should be %#lx; frame %u of %#lx, should be %#lx\n",
               race_other ? "nobody came between" : "wrong", frame, (long)met[frame], (long)mine,
               others_frame, (long)met[others_frame], (long)others);
        return 1;
    }
    return mt_modules_frame(mine) != frame;
}
