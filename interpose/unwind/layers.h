/* SPDX-License-Identifier: MIT
 *
 * The layers of the unwinder without the verification of stacks (verify.h): for verify.c.
 */
#ifndef MT_UNWIND_LAYERS_H
#define MT_UNWIND_LAYERS_H

#include "unwind/stack.h"

struct mt_whole;

/* mt_unwind and mt_unwind_again. */
void mt_unwind_layers(struct mt_stack *stack, const struct mt_start *from);
struct mt_whole *mt_unwind_again_unchecked(struct mt_stack *stack, const struct mt_start *from);

#endif
