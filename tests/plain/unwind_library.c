/* SPDX-License-Identifier: MIT
 *
 * Built twice, with ROOM 1000 and 2000: the same code at the same addresses, with frames of different size.
 */
#include <string.h>

int library_call(void (*event)(void), int depth);

__attribute__((noinline, noclone)) int library_call(void (*event)(void), int depth)
{
    char room[ROOM];

    memset(room, depth, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
    event();
    if (depth > 0)
        room[1] = (char)library_call(event, depth - 1);
    event();
    return room[1];
}
