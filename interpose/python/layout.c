/* SPDX-License-Identifier: MIT
 *
 * The layouts were taken by offsetof from the headers of each version (Include/cpython/code.h,
 * internal/pycore_frame.h, internal/pycore_runtime.h, cpython/pystate.h, cpython/unicodeobject.h).
 * They hold for every patch level of the minor version; debug builds of 3.11 have the same. From
 * 3.13 on _PyRuntime begins with a description of itself (internal/pycore_debug_offsets.h), whose
 * own form changes with each minor version.
 */
#include "python/layout.h"

#include <pthread.h>
#include <string.h>

#include "base/libc.h"

/* PyTypeObject, str and bytes are the same in all builds with the GIL, except for wstr (up
 * to 3.11); without it, an object's head has 16 bytes more. */
#define OBJECTS                                                                                    \
    .object_type = 8, .type_name = 24, .type_basicsize = 32, .type_dealloc = 48,                   \
    .text_length = 16, .text_state = 32, .bytes_size = 16, .bytes_data = 32
#define TEXT_WITH_WSTR .text_ascii = 48, .text_other = 72
#define TEXT           .text_ascii = 40, .text_other = 56
/* Frames from 3.12 on but for the owner's place, and the code objects of builds with the GIL but for the place of the instructions. */
#define FRAMES                                                                                     \
    .style = MT_PYTHON_SHIMS, .lines = MT_LINES_LOCATIONS, .frame_code = 0, .frame_previous = 8,   \
    .frame_position = 56, .shim_owner = 3
#define CODE                                                                                       \
    .code_constants = 24, .code_file = 112, .code_name = 128, .code_first_line = 68,               \
    .code_table = 136

static const struct mt_python_layout layouts[] = {
    [8] = {OBJECTS, TEXT_WITH_WSTR, .style = MT_PYTHON_OBJECTS, .lines = MT_LINES_LNOTAB,
           .runtime_finalizing = 16, .runtime_interpreters = 32, .runtime_current = 1368,
           .thread_id = 176, .thread_top = 24, .frame_code = 32, .frame_previous = 24,
           .frame_position = 104, .position_unit = 1, .code_constants = 56, .code_file = 104,
           .code_name = 112, .code_first_line = 40, .code_table = 120, .code_basicsize = 176},
    [9] = {OBJECTS, TEXT_WITH_WSTR, .style = MT_PYTHON_OBJECTS, .lines = MT_LINES_LNOTAB,
           .runtime_finalizing = 16, .runtime_interpreters = 32, .runtime_current = 568,
           .thread_id = 176, .thread_top = 24, .frame_code = 32, .frame_previous = 24,
           .frame_position = 104, .position_unit = 1, .code_constants = 56, .code_file = 104,
           .code_name = 112, .code_first_line = 40, .code_table = 120, .code_basicsize = 176},
    [10] = {OBJECTS,
            TEXT_WITH_WSTR,
            .style = MT_PYTHON_CFRAMES,
            .lines = MT_LINES_RANGES,
            .runtime_finalizing = 16,
            .runtime_interpreters = 32,
            .runtime_current = 568,
            .thread_id = 176,
            .thread_top = 24,
            .thread_cframe = 48,
            .cframe_previous = 8,
            .frame_code = 32,
            .frame_previous = 24,
            .frame_position = 96,
            .position_unit = 2,
            .code_constants = 56,
            .code_file = 104,
            .code_name = 112,
            .code_first_line = 40,
            .code_table = 120,
            .code_basicsize = 176},
    [11] = {OBJECTS,
            TEXT_WITH_WSTR,
            .style = MT_PYTHON_ENTRIES,
            .lines = MT_LINES_LOCATIONS,
            .runtime_finalizing = 24,
            .runtime_interpreters = 40,
            .runtime_current = 576,
            .thread_id = 152,
            .thread_top = 56,
            .thread_cframe = 56,
            .thread_stack_top = 304,
            .top_in_cframe = 1,
            .cframe_top = 8,
            .cframe_previous = 16,
            .frame_code = 32,
            .frame_previous = 48,
            .frame_position = 56,
            .frame_owner = 68,
            .code_constants = 24,
            .code_file = 112,
            .code_name = 128,
            .code_first_line = 72,
            .code_table = 136,
            .code_start = 184,
            .code_basicsize = 184},
    [12] = {OBJECTS, TEXT, FRAMES, CODE, .runtime_finalizing = 24, .runtime_interpreters = 40,
            .thread_id = 136, .thread_top = 56, .thread_stack_top = 240, .top_in_cframe = 1,
            .cframe_top = 0, .frame_owner = 70, .code_start = 192, .code_basicsize = 192},
    [13] = {OBJECTS, TEXT, FRAMES, CODE, .runtime_finalizing = 608, .runtime_interpreters = 632,
            .thread_id = 152, .thread_top = 72, .thread_stack_top = 240, .frame_owner = 70,
            .code_start = 200, .code_basicsize = 200},
    [14] = {OBJECTS, TEXT, FRAMES, CODE, .runtime_finalizing = 784, .runtime_interpreters = 808,
            .thread_id = 152, .thread_top = 72, .thread_stack_top = 240, .frame_owner = 74,
            .code_start = 208, .code_basicsize = 208},
    [15] = {OBJECTS, TEXT, FRAMES, CODE, .runtime_finalizing = 912, .runtime_interpreters = 936,
            .thread_id = 176, .thread_top = 72, .thread_stack_top = 264, .thread_base = 80,
            .frame_owner = 74, .code_start = 208, .code_basicsize = 208},
};
#define MINORS (sizeof layouts / sizeof *layouts)

static const struct mt_python_layout without_gil = {
    .free_threaded = true,
    .object_type = 24,
    .type_name = 40,
    .type_basicsize = 48,
    .type_dealloc = 64,
    .text_length = 32,
    .text_state = 48,
    .text_ascii = 56,
    .text_other = 72,
    .bytes_size = 32,
    .bytes_data = 48,
    FRAMES,
    .runtime_finalizing = 608,
    .runtime_interpreters = 632,
    .thread_id = 152,
    .thread_top = 72,
    .thread_stack_top = 240,
    .frame_owner = 70,
    .code_constants = 40,
    .code_file = 128,
    .code_name = 144,
    .code_first_line = 84,
    .code_table = 152,
    .code_start = 216,
    .code_basicsize = 216,
};
#define WITHOUT_GIL_MINOR 13u

/* Words of _Py_DebugOffsets that we use, counted from the cookie: (3.13, 3.14, 3.15). Groups are
 * cookie, version, free_threaded, runtime {size finalizing head}, interpreter {size id next ...:
 * 13, 16, 16 words}, thread {size prev next interp current_frame, in 3.15 base_frame
 * last_profiled_frame last_profiled_frame_seq, thread_id ...: 9, 9, 16}, in 3.15 err_stackitem
 * {size}, frame {size previous executable instr_ptr localsplus owner ...: 6, 8, 8}, code {size
 * filename name qualname linetable firstlineno argcount localsplusnames localspluskinds
 * code_adaptive ...: 10, 11, 11}. */
enum { W_COOKIE, W_VERSION, W_FREE_THREADED, W_RUNTIME, W_INTERPRETER = W_RUNTIME + 3 };
#define COOKIE "xdebugpy"

struct groups {
    uint8_t thread, frame, code;
    uint8_t thread_id; /* in thread */
};
static const struct groups groups_of[] = {
    [13] = {W_INTERPRETER + 13, W_INTERPRETER + 13 + 9, W_INTERPRETER + 13 + 9 + 6, 5},
    [14] = {W_INTERPRETER + 16, W_INTERPRETER + 16 + 9, W_INTERPRETER + 16 + 9 + 8, 5},
    [15] = {W_INTERPRETER + 16, W_INTERPRETER + 16 + 17, W_INTERPRETER + 16 + 17 + 8, 8},
};
#define W_THREAD_BASE 5 /* in thread, where the layout has it */

/* Take over a field of `group`, which begins with the structure's size. */
static bool take(uint16_t *to, const uint64_t *group, unsigned field, unsigned bytes, bool *differs)
{
    uint64_t offset = group[field];

    if (group[0] > 1u << 30 || offset + bytes > group[0] || offset > UINT16_MAX)
        return false;
    if (*to != offset)
        *differs = true;
    *to = (uint16_t)offset;
    return true;
}

static bool take_statement(struct mt_python_layout *layout, const uint64_t *word, unsigned minor,
                           bool *differs)
{
    const uint64_t *runtime = word + W_RUNTIME;
    const uint64_t *thread = word + groups_of[minor].thread;
    const uint64_t *frame = word + groups_of[minor].frame;
    const uint64_t *code = word + groups_of[minor].code;
    /* The instructions have no fixed length, so their offset may be the size that is stated. */
    bool good = code[0] <= UINT16_MAX && code[9] <= code[0];

    good =
        good && take(&layout->runtime_finalizing, runtime, 1, 8, differs) &&
        take(&layout->runtime_interpreters, runtime, 2, 8, differs) &&
        take(&layout->thread_top, thread, 4, 8, differs) &&
        take(&layout->thread_id, thread, groups_of[minor].thread_id, 8, differs) &&
        (!layout->thread_base || take(&layout->thread_base, thread, W_THREAD_BASE, 8, differs)) &&
        take(&layout->frame_previous, frame, 1, 8, differs) &&
        take(&layout->frame_code, frame, 2, 8, differs) &&
        take(&layout->frame_position, frame, 3, 8, differs) &&
        take(&layout->frame_owner, frame, 5, 1, differs) &&
        take(&layout->code_file, code, 1, 8, differs) &&
        take(&layout->code_name, code, 3, 8, differs) &&
        take(&layout->code_table, code, 4, 8, differs) &&
        take(&layout->code_first_line, code, 5, 4, differs) &&
        take(&layout->code_start, code, 9, 0, differs);
    layout->code_basicsize = layout->code_start;
    return good;
}

/* Up to 3.11 two of libc's mutexes stand before the field, here of 40 bytes each: so they are on x86_64, and wherever libc is musl. */
static uint16_t before_current(void)
{
    return mt_libc_is_glibc() ? (uint16_t)(2 * (sizeof(pthread_mutex_t) - 40)) : 0;
}

bool mt_python_layout_find(struct mt_python_layout *layout, uint32_t version, const void *runtime,
                           bool *differs, const char **why)
{
    unsigned major = version >> 24, minor = version >> 16 & 255, level = version >> 4 & 15;
    const uint64_t *word = runtime;

    *differs = false;
    *why = "is not known";
    if (major != 3 || minor >= MINORS || !layouts[minor].code_file)
        return false;
    if (level < 0xc) {
        *why = "is an alpha or beta version";
        return false;
    }
    *layout = layouts[minor];
    if (layout->runtime_current)
        layout->runtime_current += before_current();
    if (minor < 13)
        return true;
    if (!word || memcmp(word, COOKIE, 8) != 0 || (uint32_t)word[W_VERSION] != version) {
        *why = "does not describe itself";
        return false;
    }
    if (word[W_FREE_THREADED]) {
        if (minor != WITHOUT_GIL_MINOR) {
            *why = "is a build without the GIL";
            return false;
        }
        *layout = without_gil;
    }
    if (!take_statement(layout, word, minor, differs)) {
        *why = "describes itself in an unknown way";
        return false;
    }
    return true;
}
