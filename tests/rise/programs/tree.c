/* SPDX-License-Identifier: MIT
 * Call trees as CPython 3.8 makes them: an evaluation loop that a call of the language enters again by way of helpers, with objects
 * that are taken for a moment at every step. */
#include "oracle.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void evaluate(int code, int depth);

static NOINLINE void object_new(int slot, int bytes) { FRAME; TAKE(slot, bytes); }
static NOINLINE void object_drop(int slot) { FRAME; FREE(slot); }
static NOINLINE void tuple(int slot, int count)
{
    FRAME;
    CALL(object_new(slot, 16 + 8 * count));
    for (int i = 0; i < count; i++)
        CALL(object_new(slot + 1 + i, 24));
}
static NOINLINE void list_append(int slot, int to) { FRAME; GROW(slot, to * 8); CALL(object_new(100 + to, 28)); }

static NOINLINE void frame_new(int depth) { FRAME; CALL(object_new(200 + depth, 400)); }
static NOINLINE void frame_drop(int depth) { FRAME; CALL(object_drop(200 + depth)); }

static INLINE void function_code(int code, int depth)
{
    FRAME;
    CALL(frame_new(depth));
    CALL(evaluate(code, depth)); CALL(frame_drop(depth));
}
static NOINLINE void vector_call(int code, int depth)
{
    FRAME;
    CALL(tuple(220, 2));
    CALL(function_code(code, depth));
    CALL(object_drop(220)); CALL(object_drop(221)); CALL(object_drop(222));
}
static NOINLINE void method_call(int code, int depth)
{
    FRAME;
    CALL(object_new(240, 48)); CALL(function_code(code, depth)); CALL(object_drop(240));
}

static NOINLINE void evaluate(int code, int depth)
{
    FRAME;
    for (int i = 0; i < 12 && oracle_more(); i++) {
        switch ((code + i * 7 + (int)oracle_pick(3)) % 11) {
        case 0: CALL(object_new(i, 32)); break;
        case 1: CALL(object_drop(i)); break;
        case 2: CALL(list_append(60 + depth, i + 1)); break;
        case 3: if (depth < 7) CALL(vector_call(code * 3 + i, depth + 1)); break;
        case 4: if (depth < 7) CALL(method_call(code * 5 + i, depth + 1)); break;
        case 5: CALL(tuple(70, i % 4)); break;
        case 6: CALL(object_drop(70)); CALL(object_drop(71)); CALL(object_drop(72)); break;
        case 7: CALL(object_new(80, 24)); CALL(object_drop(80)); break;
        case 8: CALL(list_append(61, 5)); break;
        case 9: if (depth < 5) { CALL(vector_call(i, depth + 1)); CALL(method_call(i + 1, depth + 1)); } break;
        default: CALL(object_drop(100 + i)); break;
        }
    }
}

void program(void)
{
    FRAME;
    oracle_seed(2);
    oracle_allow(8000);
    CALL(function_code(1, 0));
    CALL(vector_call(4, 1)); CALL(function_code(9, 0)); CALL(method_call(2, 3));
}
