/* SPDX-License-Identifier: MIT */
#ifndef RISE_OPERATORS_H
#define RISE_OPERATORS_H
/* operators.cc replaces operator new and delete; what they do is an event at the line that is under way (CALL). */
#include "oracle.h"
#endif
