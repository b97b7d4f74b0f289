/* SPDX-License-Identifier: MIT
 *
 * How symbols_tails tells the tail calls of a function: as symbols, so that the cache and packed files keep them as they keep what was found
 * at an address. First one for the function, then for each of its jumps one, followed by the places of the jump, the innermost first.
 */
#ifndef SYMBOLS_TAILS_H
#define SYMBOLS_TAILS_H

#include "symbols/symbols.h"

enum tails_status {
    TAILS_ELSEWHERE, /* the module does not define it */
    TAILS_UNKNOWN,   /* it does, but not all that it calls last is known */
    TAILS_KNOWN
};

#define TAILS_FUNCTION "tails of"
#define TAILS_JUMP     "tail to"

/* Both: the function, or the one that is jumped to. In a struct symbol: .function, .first_line and .last_line. */
static inline struct symbol tails_pack(const struct symbol_code *code, uint32_t what, bool exported,
                                       const char *kind)
{
    return (struct symbol){.function = code->name,
                           .file = 0,
                           .line = what << 1 | exported,
                           .first_line = (uint32_t)code->entry,
                           .last_line = (uint32_t)(code->entry >> 32),
                           .language = kind};
}
static inline struct symbol_code tails_code(const struct symbol *symbol)
{
    return (struct symbol_code){(uint64_t)symbol->last_line << 32 | symbol->first_line,
                                symbol->function};
}
/* Of a function: enum tails_status; of a jump: the number of places behind it. */
static inline uint32_t tails_what(const struct symbol *symbol)
{
    return symbol->line >> 1;
}
/* Of a function: another module's of the same name may stand in for it. */
static inline bool tails_exported(const struct symbol *symbol)
{
    return symbol->line & 1;
}

#endif
