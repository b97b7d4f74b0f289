/* SPDX-License-Identifier: MIT
 *
 * What pprof and OTLP have in common: the same figures as sample types, and tables without what no sample needs.
 */
#ifndef EXPORT_USED_H
#define EXPORT_USED_H

#include "export/profile.h"

/* The figures of a sample. The first four are what Go's heap profiles have. */
struct sample_type {
    enum figure figure; /* FIGURES: blocks that are left after all destructors */
    const char *type, *unit;
};
#define SAMPLE_TYPES 7u
extern const struct sample_type sample_types[SAMPLE_TYPES];
/* How many of them are known of this profile: the first ones. */
static inline unsigned sample_types_of(const struct profile *profile)
{
    return profile->held ? SAMPLE_TYPES : SAMPLE_TYPES - 1;
}
/* At least 0. */
int64_t sample_value(const struct profile_node *node, const struct sample_type *type);

/* Not code: the root of a process, a period or a thread. */
bool used_root(const struct profile_location *location);
/* Marks by 1 what stands on stacks. */
void used_mark(const struct profile *profile, uint64_t *modules, uint64_t *locations);
/* Is this line of the location known? What is not is left to the reader, which may have the module's symbols. */
bool used_line(const struct profile *profile, const struct profile_location *location,
               uint32_t index);

#endif
