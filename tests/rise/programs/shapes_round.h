/* SPDX-License-Identifier: MIT */
#ifndef RISE_SHAPES_ROUND_H
#define RISE_SHAPES_ROUND_H
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

struct Shape {
    virtual void draw(int n);
    virtual ~Shape() {}
};

/* In a file of its own, as functions are told by name and file. */
struct Round final : Shape {
    NOINLINE void draw(int n) override { FRAME; TAKE(210 + n, 10); TAKE(211 + n, 30); FREE(210 + n); }
};
#endif
