/* SPDX-License-Identifier: MIT
 *
 * Python source that a log holds itself: cells of notebooks, and what stands behind -c.
 */
#ifndef SOURCE_LOG_H
#define SOURCE_LOG_H

#include "read/reader.h"
#include "resolve/source.h"

/* Put them where files are looked for, with what the log says of files; relative names begin in the process's working directory. `sources` is zeroed: nothing was
 * looked for yet. */
void sources_of_log(struct sources *sources, const struct log *log);

#endif
