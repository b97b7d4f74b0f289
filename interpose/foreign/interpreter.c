/* SPDX-License-Identifier: MIT */
#include "foreign/interpreter.h"

const struct mt_interpreter *mt_interpreter;
