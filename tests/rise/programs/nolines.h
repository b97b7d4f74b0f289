/* SPDX-License-Identifier: MIT */
#include "oracle.h"

void near_store(int slot, int bytes);
void near_drop(int slot);
void far_leaf(int slot, int bytes);
void far_turns(int count);
void far_tree(int depth);
void far_disorder(int count);
