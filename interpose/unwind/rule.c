/* SPDX-License-Identifier: MIT
 *
 * The table of rules, and how a rule is made from call frame information.
 */
#include "unwind/rule.h"

#include <string.h>

#include "base/aside.h"
#include "base/meta.h"
#include "loader/object.h"
#include "unwind/bounds.h"
#include "unwind/cfi.h"
#include "unwind/cfi_program.h"
#include "unwind/rule_layout.h"

#define FIRST_BITS 12
#define LAST_BITS  18 /* 2 MiB */

static _Alignas(64) _Atomic uint64_t first[1u << FIRST_BITS];

_Atomic uintptr_t mt_rule_table;

static _Atomic uint32_t
    flushes; /* tells the thread that grows the table that it copied old rules; and of which time a piece is */
static _Atomic bool growing;    /* by one thread; others go on without */
static _Atomic uint32_t victim; /* which word of a full line is replaced */

/* ---- Most functions have the same rule at nearly all of their calls: for each piece of code what was learnt last there, and for
 * which addresses it holds. One thread at a time looks, and nobody waits: who finds it in use learns. If it is left by a jump, it
 * stays in use. An empty Python script needs 2,800 rules, and learns 1,150 of them ---- */

#define PIECE_BYTES 512u
#define PIECES_BITS 10
#define PIECES_MAX                                                                                 \
    16u /* that one rule is noted for, from the call on: a function's other calls mostly come later */

static struct piece {
    uintptr_t from;
    uint32_t bytes;
    uint32_t flushes; /* as they were then */
    mt_rule rule;
} pieces[1u << PIECES_BITS];

static atomic_flag pieces_used = ATOMIC_FLAG_INIT;

static bool pieces_take(void)
{
    return !atomic_flag_test_and_set_explicit(&pieces_used, memory_order_acquire);
}

static void pieces_give(void)
{
    atomic_flag_clear_explicit(&pieces_used, memory_order_release);
}

bool mt_rule_init(void)
{
    uintptr_t none = 0;

    atomic_compare_exchange_strong(&mt_rule_table, &none, (uintptr_t)first + FIRST_BITS);
    atomic_store_explicit(&growing, false, memory_order_relaxed);
    if (!pieces_take()) /* another thread was at it when the process forked */
        memset(pieces, 0, sizeof pieces);
    pieces_give();
    mt_cfi_program_begin();
    return mt_object_works();
}

/* False: the line is full. */
static bool insert(uintptr_t table, uint64_t mixed, mt_rule rule, bool replace)
{
    _Atomic uint64_t *words = MT_RULE_TABLE_WORDS(table);
    uint64_t at = mixed >> (MT_RULE_PC_BITS - MT_RULE_TABLE_BITS(table));
    uint64_t tag = mixed & ((1ull << MT_RULE_TAG_BITS) - 1);
    unsigned way;

    for (way = 0; way < MT_RULE_WAYS; way++) {
        uint64_t word = atomic_load_explicit(&words[at ^ way], memory_order_relaxed);

        if (word == 0 || word >> MT_RULE_BITS == tag)
            break;
    }
    if (way == MT_RULE_WAYS && !replace)
        return false;
    if (way == MT_RULE_WAYS)
        way = atomic_fetch_add_explicit(&victim, 1, memory_order_relaxed) % MT_RULE_WAYS;
    atomic_store_explicit(&words[at ^ way], tag << MT_RULE_BITS | rule, memory_order_relaxed);
    return true;
}

static void clear(uintptr_t table)
{
    _Atomic uint64_t *words = MT_RULE_TABLE_WORDS(table);

    for (uint64_t i = 0; i < 1ull << MT_RULE_TABLE_BITS(table); i++)
        atomic_store_explicit(&words[i], 0, memory_order_relaxed);
}

/* A word's mixed pc: the upper bits come from its line, the lower ones from its tag. They overlap.
 */
static uint64_t mixed_of(uint64_t word, uint64_t index, unsigned bits)
{
    uint64_t line_bits = bits - 3; /* log2(MT_RULE_WAYS) */
    uint64_t low = MT_RULE_PC_BITS - line_bits;

    return (index / MT_RULE_WAYS) << low | (word >> MT_RULE_BITS & ((1ull << low) - 1));
}

/* Four times the size. The old table stays, since somebody may be reading it; all old ones together
 * are smaller than the last. What others learn into the old one meanwhile is learnt again. */
static void grow(uintptr_t old)
{
    unsigned bits = MT_RULE_TABLE_BITS(old) + 2;
    uint32_t before = atomic_load(&flushes);
    bool no = false;
    char *block;
    uintptr_t table;

    if (bits > LAST_BITS || !atomic_compare_exchange_strong(&growing, &no, true))
        return;
    block = atomic_load(&mt_rule_table) == old ? mt_meta_alloc((8ull << bits) + 64) : NULL;
    if (block) {
        table = (((uintptr_t)block + 63) & ~(uintptr_t)63) + bits;
        for (uint64_t i = 0; i < 1ull << MT_RULE_TABLE_BITS(old); i++) {
            uint64_t word =
                atomic_load_explicit(&MT_RULE_TABLE_WORDS(old)[i], memory_order_relaxed);

            if (word != 0)
                insert(table, mixed_of(word, i, MT_RULE_TABLE_BITS(old)),
                       (mt_rule)(word & ((1u << MT_RULE_BITS) - 1)), true);
        }
        atomic_store(&mt_rule_table, table);
        if (atomic_load(&flushes) != before)
            clear(table);
    }
    atomic_store(&growing, false);
}

void mt_rule_flush(void)
{
    mt_cfi_forget();
    atomic_fetch_add(&flushes, 1);
    clear(atomic_load(&mt_rule_table));
}

/* Is `pc` the first instruction of a signal trampoline, to which the kernel made the handler
 * return? */
static bool is_trampoline(uintptr_t pc)
{
    uint8_t code[MT_ARCH_TRAMPOLINE_BYTES];

    return mt_bounds_copy(pc, code, sizeof code) && mt_arch_is_trampoline(code);
}

bool mt_rule_signal(uintptr_t pc, uintptr_t word)
{
    return word < 8 && is_trampoline(pc);
}

/* Nothing describes the code at `pc`. No call returns to the first instruction of a function: such
 * a return address was written by hand, by makecontext for instance, at the outer end of a new
 * stack. */
static mt_rule without_frame(uintptr_t pc)
{
    uint8_t code[MT_ARCH_PLT_BYTES];
    struct mt_cfi_row row;

    if (is_trampoline(pc + 1))
        return MT_RULE_SIGNAL;
    if (mt_cfi_find(pc + 1, false, &row) == MT_CFI_FOUND && row.begin == pc + 1)
        return MT_RULE_END;
    if (mt_bounds_copy(pc, code, sizeof code) && mt_arch_is_plt(code))
        return MT_ARCH_PLT_RULE;
    return MT_RULE_GUESS;
}

static struct piece *piece_of(uintptr_t at)
{
    return &pieces[(at / PIECE_BYTES * 0x9e3779b97f4a7c15u) >> (64 - PIECES_BITS)];
}

static void note_pieces(uintptr_t at, const struct mt_cfi_row *row, mt_rule rule)
{
    uintptr_t bytes = row->to - row->from, far = at + (uintptr_t)PIECES_MAX * PIECE_BYTES;

    if (at - row->from >= bytes || bytes > UINT32_MAX || !pieces_take())
        return;
    for (; at < row->to && at < far; at += PIECE_BYTES)
        *piece_of(at) = (struct piece){row->from, (uint32_t)bytes,
                                       atomic_load_explicit(&flushes, memory_order_relaxed), rule};
    pieces_give();
}

bool mt_rule_near(uintptr_t pc, mt_rule *rule)
{
    uintptr_t at = pc - 1;
    struct piece piece;

    if (pc >> MT_RULE_PC_BITS != 0 || !pieces_take())
        return false;
    piece = *piece_of(at);
    pieces_give();
    if (at - piece.from >= piece.bytes ||
        piece.flushes != atomic_load_explicit(&flushes, memory_order_relaxed))
        return false;
    *rule = piece.rule;
    return insert(atomic_load_explicit(&mt_rule_table, memory_order_acquire), mt_rule_mix(pc),
                  piece.rule, false);
}

static mt_rule learn(uintptr_t pc)
{
    uintptr_t table = atomic_load_explicit(&mt_rule_table, memory_order_acquire);
    struct mt_cfi_row row;
    enum mt_cfi_result found = mt_cfi_find(pc - 1, false, &row);
    mt_rule rule;

    /* No object has this code. That is not remembered, since an object may be loaded there later. */
    if (found == MT_CFI_NO_OBJECT)
        return MT_RULE_GUESS;
    if (found == MT_CFI_FOUND)
        rule = row.signal && is_trampoline(pc) ? (mt_rule)MT_RULE_SIGNAL : mt_arch_rule(&row);
    else
        rule = found == MT_CFI_NO_FRAME ? without_frame(pc - 1) : (mt_rule)MT_RULE_SLOW;
    if (found == MT_CFI_FOUND && !row.signal)
        note_pieces(pc - 1, &row, rule);
    if (pc >> MT_RULE_PC_BITS == 0 && !insert(table, mt_rule_mix(pc), rule, false)) {
        grow(table);
        insert(atomic_load_explicit(&mt_rule_table, memory_order_acquire), mt_rule_mix(pc), rule,
               true);
    }
    return rule;
}

struct learning {
    uintptr_t pc;
    mt_rule rule;
};

static void learn_aside(void *learning)
{
    struct learning *l = learning;
    l->rule = learn(l->pc);
}

mt_rule mt_rule_learn(uintptr_t pc)
{
    struct learning l = {pc, 0};

    mt_aside(learn_aside, &l);
    return l.rule;
}
