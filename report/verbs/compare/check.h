/* SPDX-License-Identifier: MIT
 *
 * Do logs keep to the budgets that the options name?
 */
#ifndef VERBS_COMPARE_CHECK_H
#define VERBS_COMPARE_CHECK_H

#include "verbs/options.h"

/* False after a message: the options name no budget and there is no memtrace.toml, or a file of budgets can't be read. Before logs
 * are looked at. check_free in any case. */
struct checking;
struct checking *check_begin(const struct options *options, const char *verb);
void check_free(struct checking *checking);
/* Judges the logs and folders, writes what the options ask for to `out`: an exit status, STATUS_NO where a budget is broken. */
int check_logs(struct checking *checking, char *const *logs, size_t count, FILE *out);

#endif
