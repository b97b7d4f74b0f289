/* SPDX-License-Identifier: MIT
 *
 * The facts of a page: JSON with everything that is no column.
 */
#ifndef PAGE_FACTS_H
#define PAGE_FACTS_H

#include "advice/advice.h"
#include "fold/answers.h"
#include "page/both.h"
#include "page/bytes.h"
#include "page/columns.h"
#include "page/pruned.h"
#include "page/tables.h"
#include "fold/family.h"

/* What is the same however the tree is folded, and takes a while: the answers of the first page, the advice, and parts of the JSON. */
struct found {
    bool answered, advised; /* else there are none */
    struct answers answers;
    struct advices advices;
    char *summary, *tables;
};
/* Of a log, and the own rows of its lines; found_free afterwards. */
void found_make(struct found *found, struct view *view, struct line_list *lines,
                enum metric metric);
void found_free(struct found *found);

struct facts {
    struct view *view;
    const struct both *both;   /* NULL: of a log */
    const struct found *found; /* of a log */
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
