/* SPDX-License-Identifier: MIT
 *
 * The part of the model that tells how high the level rose: records of stretches, and the runs and stretches that were open
 * when the log was read.
 */
#ifndef MODEL_RUNS_H
#define MODEL_RUNS_H

#include "model.h"

/* Take them in, once the model has its nodes. Adds problems to the log. Linear in the log's size but for a sort. */
void model_runs_make(struct model *model);

#endif
