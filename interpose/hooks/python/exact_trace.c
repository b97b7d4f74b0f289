/* SPDX-License-Identifier: MIT
 *
 * Lines up to 3.11. A trace function makes the interpreter slow wherever it is set. So it is set
 * while a named function runs, and not in what that calls. A frame evaluation function (PEP 523)
 * sees who enters and leaves functions. It costs others a look-up a call, and in 3.11 it makes
 * calls real calls again, instead of jumps. If somebody else has set a trace or evaluation
 * function, that is left alone.
 *
 * What was looked up is remembered by address until the code object dies.
 */
#include "base/meta.h"
#include "hooks/python/exact_count.h"
#include "hooks/python/exact_ways.h"
#include "python/code.h"
#include "python/interpreter.h"

enum { TRACE_LINE = 2, KNOWN_BITS = 12 };

typedef int trace_function(void *object, void *frame, int what, void *argument);
typedef void *evaluate_old(void *frame, int thrown);              /* 3.8 */
typedef void *evaluate_new(void *state, void *frame, int thrown); /* 3.9 to 3.11 */

static bool old;            /* 3.8 */
static uint16_t trace_at;   /* in PyThreadState: the trace function */
static uint16_t inner_at;   /* in the frame object: the frame (3.11), else 0 */
#define EVALUATE_AT_3_8 568 /* in PyInterpreterState: the evaluation function */

/* Code objects that were met: the address, with bit 0 set if it is a named one. */
static uintptr_t *known;

static __thread bool tracing __attribute__((tls_model("initial-exec")));
static bool said;

static uintptr_t *known_slot(uintptr_t code)
{
    return &known[(code >> 4) * 0x9e3779b97f4a7c15u >> (64 - KNOWN_BITS)];
}

static void forget(uintptr_t code)
{
    uintptr_t *slot = known_slot(code);

    if ((*slot & ~(uintptr_t)1) == code)
        *slot = 0;
}

static inline bool is_named(uintptr_t code)
{
    uintptr_t *slot = known_slot(code);

    if (__builtin_expect((*slot & ~(uintptr_t)1) != code, 0))
        *slot = code | mt_python_exact_wanted(code);
    return *slot & 1;
}

static int on_trace(void *object, void *frame, int what, void *argument)
{
    uintptr_t inner = (uintptr_t)frame;
    uintptr_t code;

    (void)object;
    (void)argument;
    if (what != TRACE_LINE)
        return 0;
    if (inner_at)
        inner = mt_load(inner, inner_at);
    code = mt_load(inner, mt_python.layout.frame_code);
    if (is_named(code)) /* else a greenlet was switched to meanwhile */
        mt_python_exact_count(code, mt_python_api.frame_line(frame));
    return 0;
}

static uintptr_t trace_of(uintptr_t state)
{
    return mt_load(state, trace_at);
}

static void trace_on(uintptr_t state)
{
    tracing = true;
    if (!trace_of(state)) {
        mt_python_api.set_trace(on_trace, NULL);
    } else if (trace_of(state) != (uintptr_t)on_trace && !said) {
        said = true;
        mt_python_exact_note(
            "the program has set a trace function (a debugger?), which is left alone");
    }
}

static void trace_off(uintptr_t state)
{
    if (trace_of(state) == (uintptr_t)on_trace)
        mt_python_api.set_trace(NULL, NULL);
    tracing = false;
}

/* Whether nothing of it has run yet. */
static bool is_fresh(uintptr_t frame, uintptr_t code)
{
    const struct mt_python_layout *l = &mt_python.layout;

    if (l->code_start)
        return mt_load(frame, l->frame_position) < code + l->code_start;
    return *(const int32_t *)(frame + l->frame_position) < 0;
}

static void *go_on(uintptr_t state, void *frame, int thrown)
{
    if (old)
        return ((evaluate_old *)mt_python_api.evaluate)(frame, thrown);
    return ((evaluate_new *)mt_python_api.evaluate)((void *)state, frame, thrown);
}

static void *evaluate(uintptr_t state, void *frame, int thrown)
{
    uintptr_t code = mt_load((uintptr_t)frame, mt_python.layout.frame_code);
    bool named = is_named(code);
    void *result;

    if (named && !thrown && is_fresh((uintptr_t)frame, code))
        mt_python_exact_count(code, 0);
    if (named == tracing)
        return go_on(state, frame, thrown);
    if (named)
        trace_on(state);
    else
        trace_off(state);
    result = go_on(state, frame, thrown);
    if (named)
        trace_off(state);
    else
        trace_on(state);
    return result;
}

static void *evaluate_3_9(void *state, void *frame, int thrown)
{
    return evaluate((uintptr_t)state, frame, thrown);
}

/* That of the GIL's holder. */
static uintptr_t present_state(void)
{
    return mt_load((uintptr_t)mt_python.runtime, mt_python.layout.runtime_current);
}

static void *evaluate_3_8(void *frame, int thrown)
{
    return evaluate(present_state(), frame, thrown);
}

/* Whether trace functions stand where we think. Nobody has set one. */
static bool self_check(uintptr_t state)
{
    bool good;

    mt_python_api.set_trace(on_trace, NULL);
    good = trace_of(state) == (uintptr_t)on_trace;
    mt_python_api.set_trace(NULL, NULL);
    return good && !trace_of(state);
}

static void **slot_3_8(void *interpreter)
{
    return (void **)((char *)interpreter + EVALUATE_AT_3_8);
}

/* Put ours in the place of the interpreter's own. */
static bool replace_evaluation(void *interpreter)
{
    void **slot = slot_3_8(interpreter);

    if (old) {
        if (*slot != mt_python_api.evaluate)
            return false;
        *slot = (void *)evaluate_3_8;
        return true;
    }
    if (mt_python_api.get_evaluate(interpreter) != mt_python_api.evaluate)
        return false;
    mt_python_api.set_evaluate(interpreter, (void *)evaluate_3_9);
    return true;
}

void mt_python_exact_trace_end(void)
{
    void *interpreter = mt_python_api.interpreter();
    void **slot = slot_3_8(interpreter);

    if (old && *slot == (void *)evaluate_3_8)
        *slot = mt_python_api.evaluate;
    else if (!old && mt_python_api.get_evaluate(interpreter) == (void *)evaluate_3_9)
        mt_python_api.set_evaluate(interpreter, mt_python_api.evaluate);
}

bool mt_python_exact_trace(void)
{
    enum mt_python_style style = mt_python.layout.style;

    old = !mt_python_api.set_evaluate;
    trace_at = style == MT_PYTHON_ENTRIES ? 72 : 64;
    inner_at = style == MT_PYTHON_ENTRIES ? 24 : 0;
    if (trace_of(present_state()) || !self_check(present_state())) {
        mt_python_exact_note("the program has already set a trace function");
        return false;
    }
    if (!known)
        known = mt_meta_alloc(sizeof *known << KNOWN_BITS);
    if (known)
        mt_python_listener.died = forget;
    if (known && replace_evaluation(mt_python_api.interpreter()))
        return true;
    mt_python_exact_note("somebody else has already set a frame evaluation function");
    return false;
}
