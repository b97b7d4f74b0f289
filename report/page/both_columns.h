/* SPDX-License-Identifier: MIT
 *
 * The columns of a comparison that a log has none of, or others.
 */
#ifndef PAGE_BOTH_COLUMNS_H
#define PAGE_BOTH_COLUMNS_H

#include "page/both.h"
#include "page/columns.h"
#include "page/naming.h"
#include "page/tables.h"

/* Which lines have a row: the largest change of a metric of page_figures first. line_list_free afterwards. */
void both_lines(const struct both *both, enum metric metric, struct line_list *lines);
/* Lines: line.frame; own.METRIC, line.METRIC of the new side, with old. and margin. in front of the others'; frame.was, frame.gone;
 * gone.frame and gone.text, what lines of the old source said; the two curves. */
/* The member "diff": how many runs there are of each side, and what its first one is. */
void both_json(const struct both *both, bool redact, struct json *json);
void both_columns(const struct both *both, const struct line_list *lines,
                  const struct naming *names, enum page_source source, struct columns *columns);

#endif
