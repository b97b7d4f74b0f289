/* SPDX-License-Identifier: MIT
 *
 * As many call paths as wanted: 2^DEPTH ways of left and right turns, each of which allocates at its end, of which an eighth is
 * kept. With DEPTH 19 the log has 2.6 million nodes.
 */
#include <stdlib.h>

#define KEPT 8u /* one of so many blocks */

static void *volatile kept;
static unsigned ends;

static void turn(unsigned depth);

/* Not the last thing in a function, so that a call is no jump. */
static void stay(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void end(void)
{
    void *block = malloc(16 + ends % 64);
    if (++ends % KEPT)
        free(block);
    else
        kept = block;
    stay();
}

__attribute__((noinline)) static void turn(unsigned depth)
{
    if (!depth) {
        end();
    } else {
        turn(depth - 1); /* left */
        turn(depth - 1); /* right */
    }
    stay();
}

int main(int argc, char **argv)
{
    turn(argc > 1 ? (unsigned)atoi(argv[1]) : 19);
    return !kept;
}
