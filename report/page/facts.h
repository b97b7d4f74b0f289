/* SPDX-License-Identifier: MIT
 *
 * The facts of a page: JSON with everything that is no column.
 */
#ifndef PAGE_FACTS_H
#define PAGE_FACTS_H

#include "page/both.h"
#include "page/bytes.h"
#include "page/columns.h"
#include "page/pruned.h"
#include "page/tables.h"
#include "fold/family.h"

struct facts {
    struct view *view;
    const struct both *both; /* NULL: of a log */
    const struct page_options *options;
    const struct whole *whole;
    const struct pruned *pruned;
    const struct naming *names;
    const struct line_list *lines;
    const struct columns *columns;
    struct source_told told;
};
/* To be freed with bytes_free. */
struct bytes facts_make(const struct facts *facts);
/* The processes of a family, likewise; see page_family. */
struct bytes facts_family(const struct family *family, const size_t *which, bool redact);

#endif
