/* SPDX-License-Identifier: MIT
 *
 * memtrace html --diff: a page of what changed between two sides of runs.
 */
#ifndef VERBS_OUT_HTML_DIFF_H
#define VERBS_OUT_HTML_DIFF_H

#include <stdio.h>

#include "page/page.h"
#include "verbs/options.h"

/* False after a message: the arguments are not two sides, or an option is given that is for logs alone. */
bool html_diff_usable(const struct options *options);
/* Writes the page; an exit status. False in *whole, after a message: there is none. */
int html_diff(FILE *out, const struct options *options, struct page_options page, bool *whole);

#endif
