/* SPDX-License-Identifier: MIT
 *
 * Built twice, with ROOM 1000 and 2000: the same code at the same addresses, with frames of different size. What the
 * stack held before is left there.
 */
int library_call(void (*event)(void), int depth);

__attribute__((noinline)) int library_call(void (*event)(void), int depth)
{
    char room[ROOM / 1000 * 1024];

    room[1] = (char)depth;
    __asm__ volatile("" : : "r"(room) : "memory");
    if (depth > 0) {
        event();
        room[1] = (char)library_call(event, depth - 1);
    }
    event(); /* the first one and the last one are at the same place */
    return room[1];
}
