/* SPDX-License-Identifier: MIT
 *
 * A smaller profile: stacks that come to little are folded into frames "(below N bytes)", and no figure is lost by that.
 */
#ifndef EXPORT_PRUNE_H
#define EXPORT_PRUNE_H

#include "export/profile.h"

struct pruning {
    /* Shares are of these figures, bits 1u << figure, and a stack has the greatest of its shares. */
    unsigned figures;
    enum figure named; /* in bytes: the N of the frames is of this one */
    double least;      /* per cent of the whole; 0: any */
    size_t top;        /* stacks; SIZE_MAX: any number */
    /* What is folded becomes one frame of the process, so that no more than `top` stacks and that one are left. */
    bool in_one;
};
/* What is left: frames below which something reaches `least`, and of the stacks the `top` highest. Stacks of less stand at the
 * innermost frame that is left, in a frame of kind LOCATION_BELOW. After profile_end. Linear, but for a sort. */
void prune(struct profile *profile, const struct pruning *pruning);

#endif
