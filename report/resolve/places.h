/* SPDX-License-Identifier: MIT
 *
 * For frames.c and tails.c: places and functions, each kept once, and what symbols come to.
 */
#ifndef RESOLVE_PLACES_H
#define RESOLVE_PLACES_H

#include "resolve/frames.h"
#include "symbols/symbols.h"

/* The places of one frame, outermost first. */
struct resolved {
    uint32_t count;
    uint32_t places[SYMBOLS_INLINED_MAX];
};

/* Where to look a native frame up: at the call, not at what follows it. */
static inline uint64_t places_address(const struct log_frame *frame)
{
    return frame->value ? frame->value - 1 : 0;
}

/* Their numbers; made if there are none of the kind. */
uint32_t places_function(struct frames *frames, const struct function *function);
uint32_t places_place(struct frames *frames, const struct place *place);
/* Is this module the program? */
bool places_of_program(const struct log *log, uint32_t module);
/* The places of a native frame, whose symbols found[0..count) are, the innermost first. What nobody is to see is left out.
 * `tail`: of one that a tail call took off the stack. */
void places_native(struct frames *frames, const struct log_frame *frame, const struct symbol *found,
                   uint32_t count, const char *module_path, bool tail, struct resolved *out);

#endif
