/* SPDX-License-Identifier: MIT */
#include "show/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "show/fit.h"
#include "show/name.h"
#include "show/terminal.h"

static void print_frame(const struct stacks *stacks, uint32_t place, FILE *out)
{
    char *whole = name_of_place(&stacks->frames, place);
    size_t cut = terminal_cut();
    size_t room = cut == SIZE_MAX ? cut : cut > 27 ? cut - 7 : 20;
    char *text = fit_name(whole, room);
    fputs("       ", out);
    text_put(out, text, strlen(text), room);
    fputc('\n', out);
    free(text);
    free(whole);
}

static enum rank entry_rank(const struct stacks *stacks, const struct tree *tree, uint32_t entry)
{
    const struct place *place = &stacks->frames.places[tree->key[entry]];
    return stacks->frames.functions[place->function].rank;
}

static void print_hidden(size_t hidden, FILE *out)
{
    char number[TEXT_COUNT_BYTES];
    if (hidden)
        fprintf(out, "       ... %s more of libraries\n", text_count(number, hidden));
}

void stack_print(const struct stacks *stacks, const struct tree *tree, uint32_t entry, bool all,
                 FILE *out)
{
    enum rank best = RANK_LIBRARY;
    size_t hidden = 0;
    if (!entry)
        fputs("       (" NAME_NOT_KNOWN ")\n", out);
    for (uint32_t at = entry; at && !all; at = tree->parent[at])
        if (entry_rank(stacks, tree, at) < best)
            best = entry_rank(stacks, tree, at);
    for (uint32_t at = entry; at; at = tree->parent[at]) {
        if (at != entry && entry_rank(stacks, tree, at) > best) {
            hidden++;
            continue;
        }
        print_hidden(hidden, out);
        hidden = 0;
        print_frame(stacks, tree->key[at], out);
    }
    print_hidden(hidden, out);
}
