/* SPDX-License-Identifier: MIT */
#include "oracle.h"

void each(void (*what)(int), int from, int count);
void each_two(void (*what)(int), void (*other)(int), int count);
void order(int (*less)(int, int), int count);
