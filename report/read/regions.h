/* SPDX-License-Identifier: MIT
 *
 * The regions of a log, put together from their extents. For read/ alone.
 */
#ifndef READ_REGIONS_H
#define READ_REGIONS_H

#include "read/tables.h"

/* Where a log's bytes are. */
struct source {
    const unsigned char *data; /* all of them; NULL: in a file */
    int fd;
    size_t bytes;
    bool failed; /* something could not be read: a problem says so */
};

/* Put one region together: `entry` bytes an entry. The directory of extents has been checked. Adds problems to the log. Returns the number of
 * whole entries; region_free afterwards. */
uint32_t region_make(struct log *log, unsigned region, size_t entry, struct source *source);
void region_free(struct region *region);

#endif
