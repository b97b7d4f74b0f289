/* SPDX-License-Identifier: MIT
 *
 * A program that ends at its peak, after earlier ones: what is live is what the peak holds, whatever was noted when the
 * level fell from the peaks before.
 */
#include "known.h"

static void *kept[32];
static int count;

static __attribute__((noinline)) void keep(size_t n)
{
    kept[count] = ALLOC(n, malloc(n));
    count++;
}

static __attribute__((noinline)) void drop(int left)
{
    while (count > left) {
        count--;
        RELEASE(kept[count], free(kept[count]));
    }
}

int main(void)
{
    void *p = ALLOC(1000, malloc(1000));
    CALL_VOID(keep(30000));
    CALL_VOID(drop(0));
    CALL_VOID(keep(20000));
    CALL_VOID(keep(25000));
    CALL_VOID(drop(1));
    p = MOVE(p, 3000, realloc(p, 3000));
    CALL_VOID(keep(50000));
    known_hide(p);
    return known_end(1);
}
