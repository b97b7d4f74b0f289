/* SPDX-License-Identifier: MIT
 *
 * The regions of a log that is being made of a draft. For read/draft_*.c alone.
 */
#ifndef READ_PUTTING_H
#define READ_PUTTING_H

#include "../interpose/format.h"
#include "read/draft.h"

struct bytes {
    unsigned char *data;
    size_t used, cap;
};

struct putting {
    struct draft *draft;
    struct bytes regions[MT_REGION_COUNT];
    bool sized; /* the log says how large allocations were */
    bool held;  /* ... and how many blocks were live at the peak */
};

/* Room for `length` bytes, zeroed, at the end. Valid until the next call. */
void *putting_more(struct bytes *bytes, size_t length);
/* An entry at the end of a region. */
void putting_add(struct putting *p, enum mt_region region, const void *entry, size_t length);
/* NODE, COUNTER and FINISH; STRETCH. False: more than a log can hold. */
bool putting_nodes(struct putting *p);
void putting_stretches(struct putting *p);

#endif
