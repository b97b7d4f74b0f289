/* SPDX-License-Identifier: MIT
 *
 * Python source that a log holds itself: cells of notebooks, and what stands behind -c.
 */
#ifndef SOURCE_LOG_H
#define SOURCE_LOG_H

#include "read/reader.h"
#include "resolve/source.h"

/* Put them where files are looked for. Nothing must have been looked for yet. */
void sources_of_log(struct sources *sources, const struct log *log);

#endif
