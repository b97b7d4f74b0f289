/* SPDX-License-Identifier: MIT
 *
 * Random changes of a chain of frames, after each of which the merged stack must be what a model says: frames are popped,
 * pushed again at the same address from another line, replaced in the middle; code objects die and others are born at
 * their addresses. In the forms of 3.8, 3.9, 3.10, 3.11 and 3.12.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../interpose/format.h"
#include "fake_python.h"

#define DEPTH        40
#define SLOTS        48
#define CODES        12
#define NATIVES      (4 * DEPTH + 8)
#define EVENTS       40000
#define LOOP_PC      0x10100
#define C_PC         0x90000
#define NATIVE_BYTES 256 /* of stack for each native frame */

struct model_frame {
    unsigned slot, code, instruction;
    bool entry;        /* the first frame of a native loop */
    unsigned c_frames; /* native frames between this loop and the one outside */
};

static struct model_frame model[DEPTH];
static unsigned depth;
static _Alignas(16) char slots[SLOTS][FAKE_FRAME_BYTES], codes[CODES][FAKE_CODE_BYTES];
static int first_lines[CODES];
static unsigned steps[CODES];
static char files[CODES][16];
static unsigned born;
static _Alignas(16) char native_stack[NATIVES * NATIVE_BYTES];
static struct mt_frame native[NATIVES];
static mt_key expected[NATIVES + DEPTH], got[NATIVES + MT_DEPTH_MAX + 1];
static int expected_code[NATIVES + DEPTH]; /* -1: native */
static uint64_t seed;
static uint64_t prints, prints_wrong;
static uint64_t said; /* keys that were said to be as before */

static unsigned any(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static void code_born(unsigned i)
{
    bool alike = any(3) == 0; /* says the same of itself as others do, but has other lines */

    first_lines[i] = alike ? 7 : (int)(1 + any(1000));
    steps[i] = 1 + any(3);
    snprintf(files[i], sizeof files[i], "f%u.py", alike ? 0 : born++ % 2000);
    fake_code_make((uintptr_t)codes[i], first_lines[i], steps[i], files[i]);
}

static bool slot_used(unsigned slot)
{
    for (unsigned i = 0; i < depth; i++)
        if (model[i].slot == slot)
            return true;
    return false;
}

static bool code_used(unsigned code)
{
    for (unsigned i = 0; i < depth; i++)
        if (model[i].code == code)
            return true;
    return false;
}

static void push(void)
{
    struct model_frame *f = &model[depth];

    f->slot = any(3) ? depth : any(SLOTS); /* mostly where the last one of this depth was */
    while (slot_used(f->slot))
        f->slot = (f->slot + 1) % SLOTS;
    f->code = any(CODES);
    f->instruction = any(FAKE_INSTRUCTIONS);
    f->entry = depth == 0 || mt_python.layout.style <= MT_PYTHON_CFRAMES || any(3) == 0;
    f->c_frames = any(3);
    depth++;
}

/* The innermost frame's code dies when it returns, and the same place is taken by another file's. */
static void exec_again(void)
{
    struct model_frame top = model[--depth];

    if (!code_used(top.code)) {
        fake_code_die((uintptr_t)codes[top.code]);
        code_born(top.code);
    }
    model[depth++] = top;
}

/* How many native frames are the same as at the event before, or fewer. */
static uint32_t kept_of(uint32_t used)
{
    static struct mt_frame before[NATIVES];
    static uint32_t before_used;
    uint32_t kept = 0;

    while (kept < used && kept < before_used && before[kept].pc == native[kept].pc &&
           before[kept].sp == native[kept].sp)
        kept++;
    memcpy(before, native, used * sizeof *native);
    before_used = used;
    return any(4) ? kept : any(kept + 1);
}

/* One to a few changes, as they come between two allocations. */
static void change(void)
{
    unsigned what = any(11), n;

    if (what < 3 && depth < DEPTH)
        for (n = 1 + any(what == 0 ? 8 : 2); n > 0 && depth < DEPTH; n--)
            push();
    else if (what < 5)
        depth -= any(what == 3 ? depth + 1 : 2) < depth ? any(depth) : 0;
    else if (what < 8 && depth > 0)
        model[depth - 1].instruction = any(FAKE_INSTRUCTIONS);
    else if (what == 8 &&
             depth > 1) /* a generator goes on: same inner frames, called from elsewhere */
        model[any(depth)].instruction = any(FAKE_INSTRUCTIONS);
    else if (what == 9 && depth > 0)
        exec_again();
    else if (!code_used(n = any(CODES))) {
        fake_code_die((uintptr_t)codes[n]);
        code_born(n);
    }
}

static void expect(size_t *n, mt_key pc, int frame)
{
    expected[*n] = pc;
    expected_code[(*n)++] = frame;
}

/* Write the model into the fake interpreter, the native stack and `expected`. Returns the native frames' number. */
static size_t build(size_t *expected_used)
{
    uintptr_t sp = (uintptr_t)native_stack + sizeof native_stack;
    uintptr_t previous = fake_state_base(fake_state), cframe = fake_state_cframe(fake_state);
    size_t natives = 0, n = 0;

    native[natives++] = (struct mt_frame){C_PC, sp -= NATIVE_BYTES};
    expect(&n, C_PC, -1);
    for (unsigned i = 0; i < depth; i++) {
        struct model_frame *f = &model[i];
        uintptr_t frame = (uintptr_t)slots[f->slot];

        for (unsigned c = 0; f->entry && c < f->c_frames; c++) {
            native[natives++] = (struct mt_frame){C_PC + c, sp -= NATIVE_BYTES};
            expect(&n, C_PC + c, -1);
        }
        if (f->entry) {
            native[natives++] = (struct mt_frame){LOOP_PC, sp -= NATIVE_BYTES};
            if (mt_python.layout.style == MT_PYTHON_SHIMS) {
                fake_shim_set(sp + 16, previous);
                previous = sp + 16;
            } else {
                fake_cframe_set(sp + 16, cframe);
                cframe = sp + 16;
            }
        }
        fake_frame_set(frame, (uintptr_t)codes[f->code], f->instruction, previous, f->entry);
        previous = frame;
        expect(&n, 0, (int)i);
    }
    fake_state_set(fake_state, previous, cframe);
    native[natives++] = (struct mt_frame){C_PC + 9, sp - NATIVE_BYTES};
    expect(&n, C_PC + 9, -1);
    *expected_used = n;
    return natives;
}

static bool same(size_t i)
{
    const struct model_frame *f;

    if (expected_code[i] < 0)
        return got[i] == expected[i];
    f = &model[expected_code[i]];
    return got[i] & MT_KEY_FOREIGN && strcmp(fake_file(got[i]), files[f->code]) == 0 &&
           fake_log_line(got[i]) == fake_line(first_lines[f->code], steps[f->code], f->instruction);
}

/* Read and merge; the print must be the one that a thread without a memory makes. */
static size_t merge(struct mt_foreign **state, const struct mt_stack *stack, mt_key *out,
                    size_t cap, uint32_t *alike)
{
    uint64_t print = 0, anew = 1;
    struct mt_foreign *fresh = NULL;

    if (prints_wrong == 0 && mt_foreign_read(&fresh, false, &anew)) {
        prints_wrong += !mt_foreign_read(state, false, &print) || print != anew;
        prints++;
    } else {
        mt_foreign_read(state, false, &print);
    }
    mt_python_thread_exit(&fresh);
    return mt_foreign_merge(*state, stack, out, cap, alike);
}

static int check(unsigned minor, struct mt_foreign **state)
{
    struct mt_stack stack = {.frames = native};
    static mt_key before[sizeof got / sizeof *got];
    size_t n, used;
    uint32_t alike;

    stack.used = (uint32_t)build(&n);
    stack.kept = kept_of(stack.used);
    memcpy(before, got, n * sizeof *got);
    used = merge(state, &stack, got, sizeof got / sizeof *got, &alike);
    if (depth == 0)
        return used != 0;
    said += alike;
    if (alike > used || memcmp(before, got, alike * sizeof *got) != 0) {
        printf("3.%u: not as many keys alike as %u\n", minor, alike);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        if (used != n || !same(i)) {
            printf("3.%u: %zu frames of %zu, wrong at %zu\n", minor, used, n, i);
            return 1;
        }
    }
    return 0;
}

static int run(unsigned minor)
{
    struct mt_foreign *state = NULL;
    int wrong = 0;

    fake_attach(minor);
    fake_state = fake_state_make();
    memset(slots, 0, sizeof slots);
    depth = 0;
    seed = minor;
    for (unsigned i = 0; i < CODES; i++)
        code_born(i);
    for (unsigned i = 0; i < EVENTS && wrong < 5; i++) {
        for (unsigned n = any(4); n > 0; n--)
            change();
        fake_attached = any(5) != 0;
        if (any(3) == 0) { /* read only: what is merged later goes on from an earlier merge */
            uint64_t print;
            mt_foreign_read(&state, false, &print);
            continue;
        }
        wrong += check(minor, &state);
        if (any(500) == 0)
            mt_python_thread_exit(&state);
    }
    mt_python_thread_exit(&state);
    for (unsigned i = 0; i < CODES; i++)
        fake_code_die((uintptr_t)codes[i]);
    free((void *)fake_state);
    return wrong;
}

/* Not all natives are known: the Python frames keep their order and none is lost. */
static int run_cut(unsigned minor)
{
    struct mt_stack stack = {.cut = 2};
    struct mt_foreign *state = NULL;
    size_t n, used, python;
    uint32_t alike;
    int wrong = 0;

    fake_attach(minor);
    fake_state = fake_state_make();
    fake_attached = true;
    seed = 1;
    depth = 0;
    for (unsigned i = 0; i < CODES; i++)
        code_born(i);
    while (depth < DEPTH)
        push();
    uint32_t natives = (uint32_t)build(&n);
    for (uint32_t lost = 1; lost < natives; lost++) {
        stack.frames = native + lost;
        stack.used = natives - lost;
        used = merge(&state, &stack, got, sizeof got / sizeof *got, &alike);
        python = 0;
        for (size_t i = 0; i < used; i++) {
            if (!(got[i] & MT_KEY_FOREIGN))
                continue;
            wrong += fake_log_line(got[i]) != fake_line(first_lines[model[python].code],
                                                        steps[model[python].code],
                                                        model[python].instruction);
            python++;
        }
        /* The inner part is as if nothing were lost. */
        wrong += python != depth || got[used - 1] != C_PC + 9;
    }
    mt_python_thread_exit(&state);
    free((void *)fake_state);
    if (wrong)
        printf("3.%u: cut native stacks: %d wrong\n", minor, wrong);
    return wrong;
}

/* 3.8, 3.9: a native loop that has no Python frame yet stays as it is; so does one of another interpreter further out. */
static int run_extra_loop(unsigned minor, bool outside)
{
    static struct mt_frame more[NATIVES + 1];
    struct mt_stack stack = {.frames = more};
    struct mt_foreign *state = NULL;
    size_t n, used;
    uint32_t alike;
    int wrong = 0;

    fake_attach(minor);
    fake_interpreters(outside ? 2 : 1);
    fake_state = fake_state_make();
    fake_attached = true;
    depth = 0;
    for (unsigned i = 0; i < CODES; i++)
        code_born(i);
    while (depth < 5)
        push();
    stack.used = (uint32_t)build(&n);
    memcpy(more + outside, native, stack.used * sizeof *native);
    more[outside ? 0 : stack.used] = (struct mt_frame){LOOP_PC, 0};
    stack.used++;
    used = merge(&state, &stack, got, sizeof got / sizeof *got, &alike);
    wrong += used != n + 1 || got[outside ? 0 : n] != LOOP_PC;
    memmove(got, got + outside, n * sizeof *got);
    for (size_t i = 0; i < n; i++)
        wrong += !same(i);
    mt_python_thread_exit(&state);
    free((void *)fake_state);
    if (wrong)
        printf("3.%u: a loop more: %d wrong\n", minor, wrong);
    return wrong;
}

/* Chains longer than the limit, put together from pieces: inner frames, optional frames between, outer frames of which
 * some are called from elsewhere. */
#define INNER   16000u
#define BETWEEN 300u
#define OUTER   3000u
static char *long_frames;

static uintptr_t long_frame(unsigned i)
{
    return (uintptr_t)long_frames + (size_t)i * FAKE_FRAME_BYTES;
}

/* Frames `from` to `to` - 1, outermost first, called by `previous`. */
static uintptr_t chain(unsigned from, unsigned to, uintptr_t previous)
{
    for (unsigned i = from; i < to; i++) {
        fake_frame_set(long_frame(i), (uintptr_t)codes[0], i % FAKE_INSTRUCTIONS, previous, false);
        previous = long_frame(i);
    }
    return previous;
}

/* A loop that runs all of them, below two native frames; the last frame is number `last` of the chain. */
static int check_long(struct mt_foreign **state, uintptr_t top, const unsigned *numbers)
{
    struct mt_stack stack = {.frames = native, .used = 4};
    size_t used;
    uint32_t alike;
    int wrong = 0;

    fake_state_set(fake_state, top, 0);
    used = merge(state, &stack, got, sizeof got / sizeof *got, &alike);
    /* The cut mark, the frames, the allocating native frame: not what is outside, nor the loop. */
    wrong += used != MT_DEPTH_MAX + 2 || !fake_is_cut(got[0]) || got[used - 1] != C_PC + 9;
    for (size_t i = 0; !wrong && i < MT_DEPTH_MAX; i++)
        wrong += fake_log_line(got[used - 2 - i]) !=
                 fake_line(first_lines[0], steps[0], numbers[i] % FAKE_INSTRUCTIONS);
    return wrong;
}

static int run_long(void)
{
    static unsigned numbers[INNER + BETWEEN + 2 * OUTER];
    uintptr_t sp = (uintptr_t)native_stack + sizeof native_stack, shim = sp - 3 * NATIVE_BYTES + 16,
              outer;
    struct mt_foreign *state = NULL;
    unsigned n = 0;
    int wrong = 0;

    fake_attach(12);
    fake_state = fake_state_make();
    fake_attached = true;
    code_born(0);
    long_frames = calloc(INNER + BETWEEN + 2 * OUTER, FAKE_FRAME_BYTES);
    for (unsigned i = 0; i < 4; i++)
        native[i] = (struct mt_frame){i == 3   ? C_PC + 9
                                      : i == 2 ? LOOP_PC
                                               : C_PC,
                                      sp -= NATIVE_BYTES};
    fake_shim_set(shim, 0);
    /* Outer frames are numbers 0 to OUTER - 1, inner ones follow, then those between and another outer part. */
    outer = chain(0, OUTER, shim);
    for (unsigned i = OUTER + INNER; i > 0; i--)
        numbers[n++] = i - 1;
    wrong += check_long(&state, chain(OUTER, OUTER + INNER, outer), numbers);
    wrong += check_long(&state, long_frame(OUTER + INNER - 1), numbers);
    /* Between the inner and the outer ones come others, and the outer ones have another caller from half-way on. */
    chain(OUTER + INNER + BETWEEN, INNER + BETWEEN + 2 * OUTER, shim);
    chain(OUTER - 200, OUTER, long_frame(INNER + BETWEEN + 2 * OUTER - 1));
    outer = chain(OUTER + INNER, OUTER + INNER + BETWEEN, long_frame(OUTER - 1));
    chain(OUTER, OUTER + INNER, outer);
    for (n = INNER; n < INNER + BETWEEN; n++)
        numbers[n] = OUTER + INNER + BETWEEN - 1 - (n - INNER);
    for (; n < MT_DEPTH_MAX; n++)
        numbers[n] = OUTER - 1 - (n - INNER - BETWEEN);
    wrong += check_long(&state, long_frame(OUTER + INNER - 1), numbers);
    mt_python_thread_exit(&state);
    free(long_frames);
    free((void *)fake_state);
    if (wrong)
        printf("chains beyond the limit: %d wrong\n", wrong);
    return wrong;
}

static int refused(uint32_t version, const uint64_t *runtime)
{
    struct mt_python_layout layout;
    const char *why;
    bool differs;

    if (!mt_python_layout_find(&layout, version, runtime, &differs, &why))
        return 0;
    printf("%x was not refused\n", version);
    return 1;
}

static int run_refused(void)
{
    uint64_t statement[128] = {0};
    int wrong = 0;

    wrong += refused(0x020712f0, statement) + refused(0x030710f0, statement);
    wrong += refused(0x030f02f0, statement) + refused(0x031000f0, statement);
    wrong += refused(0x030c00a1, statement) + refused(0x040c00f0, statement);
    wrong += refused(0x030d00f0, statement) + refused(0x030d00f0, NULL); /* no cookie */
    memcpy(statement, "xdebugpy", 8);
    statement[1] = 0x030d00f0;
    wrong += refused(0x030d00f0, statement) +
             refused(0x030d01f0, statement); /* no offsets; another version */
    statement[2] = 1;
    wrong += refused(0x030d00f0, statement);
    return wrong;
}

int main(void)
{
    int wrong = run_refused() + run_long();

    for (unsigned minor = 8; minor <= 15; minor == 12 ? minor = 15 : minor++)
        wrong += run(minor) + run_cut(minor);
    for (unsigned minor = 8; minor <= 9; minor++)
        wrong += run_extra_loop(minor, false) + run_extra_loop(minor, true);
    if (fake_missed())
        printf("%lu stacks missed\n", (unsigned long)fake_missed());
    wrong += fake_missed() != 0 || said < EVENTS || prints < EVENTS || prints_wrong;
    printf("6 layouts, %u events each: %s\n", EVENTS, wrong ? "wrong" : "all right");
    return wrong != 0;
}
