/* SPDX-License-Identifier: MIT
 *
 * The RECORD region: process, modules, strings, code objects, notes.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "read/log.h"

/* Fill log->exe ... log->notes from the region, as far as its records hold. */
void records_read(struct log *log);

#endif
