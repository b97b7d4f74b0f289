/* SPDX-License-Identifier: MIT
 *
 * musl's loader does not tell where the main stack begins, but the kernel does. A thread's descriptor has, one behind the other, the mapping that it lies in and that mapping's size, then the end of its
 * stack, the stack's size and that of its guard (pthread_impl.h: "map_base" to "guard_size").
 */
#include "unwind/bounds_musl.h"

#include <stddef.h>
#include <sys/auxv.h>

#include "os/os.h"
#include "unwind/arch.h"
#include "unwind/bounds.h"

#define PAGE  4096u
#define WORD  sizeof(uintptr_t)
#define WORDS 5u
/* No stack is larger. */
#define STACK_MOST (1ul << 40)
/* Where the descriptor has these words: as far from its place as musl 1.2's are, and as much again. */
#define REACH 512u

static uintptr_t main_first;

void mt_bounds_musl_begin(void)
{
    /* Where the kernel does not tell: the random bytes are above, and all in between is mapped. */
    if (!main_first)
        main_first = mt_os_stack_start();
    if (!main_first)
        main_first = getauxval(AT_RANDOM);
}

bool mt_bounds_musl_main(uintptr_t *first)
{
    *first = main_first;
    return main_first != 0;
}

/* Are these words a mapping with a descriptor in it, and a stack? */
static bool fits(const uintptr_t *word, uintptr_t pointer)
{
    uintptr_t map = word[0], map_bytes = word[1], top = word[2], bytes = word[3], guard = word[4];

    if (top < PAGE || bytes == 0 || bytes > STACK_MOST || bytes >= top || guard % PAGE ||
        guard > STACK_MOST)
        return false;
    if (!map) /* the program gave the stack, which has the descriptor, too */
        return !guard && top <= pointer && pointer - top < 16 * PAGE;
    if (map % PAGE || map > pointer || pointer - map >= map_bytes || map_bytes > STACK_MOST)
        return false;
    return top > map && top <= map + map_bytes ? top - bytes == map + guard : !guard;
}

bool mt_bounds_musl_thread(uintptr_t pointer, uintptr_t *floor, uintptr_t *top)
{
    uintptr_t at = MT_ARCH_DESCRIPTOR < 0 ? pointer - REACH : pointer, end = at + REACH;
    uintptr_t word[WORDS];

    if (!mt_bounds_there(at) || !mt_bounds_there(end - 1))
        return false;
    for (; at + WORDS * WORD <= end; at += WORD) {
        for (unsigned i = 0; i < WORDS; i++)
            word[i] = mt_bounds_word(at + i * WORD);
        if (fits(word, pointer)) {
            *top = word[2];
            *floor = word[2] - word[3];
            return true;
        }
    }
    return false;
}
