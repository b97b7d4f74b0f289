/* SPDX-License-Identifier: MIT
 *
 * What the scripts for all shells are made of. All functions print to standard output.
 */
#ifndef VERBS_COMPLETIONS_H
#define VERBS_COMPLETIONS_H

#include "verbs/options.h"

/* What an option's argument is. */
enum kind { KIND_NONE, KIND_ANY, KIND_FILE, KIND_FOLDER, KIND_WORDS, KIND_LIST };

/* What the option takes. */
enum kind completion_kind(const struct option_about *one);
/* The verb's option behind `one`, NULL: the first. NULL: there is none. */
const struct option_about *completion_next(const struct verb_about *verb,
                                           const struct option_about *one);
/* The words that the option takes (KIND_WORDS, KIND_LIST), with `between` between two. */
void completion_values(const struct option_about *one, const char *between);
/* Words, up to a NULL, with blanks between them. */
void completion_words(const char *const *words);
/* The names of all verbs, with `between` between two. */
void completion_verbs(const char *between);
/* The verb's options as they are typed, with `between` between two. `taking`: those that take an argument. */
void completion_options(const struct verb_about *verb, bool taking, const char *between);
/* The beginning of a description, up to the first pause, to stand between single quotes; `special` get a backslash. */
void completion_what(const char *text, const char *special);

/* Each shell's script. */
void completions_bash(void);
void completions_zsh(void);
void completions_fish(void);

#endif
