/* SPDX-License-Identifier: MIT */
#include "python/command.h"

#include <string.h>

#include "base/aside.h"
#include "format.h"
#include "os/os.h"
#include "python/code.h"
#include "python/interpreter.h"
#include "python/text.h"

#define NESTED_MAX 64 /* functions within functions */

static uint32_t found_in; /* the epoch of the log that has it */

static bool is_of_string(uintptr_t code)
{
    char room[16];
    size_t bytes;
    const char *file =
        mt_python_text(mt_load(code, mt_python.layout.code_file), room, sizeof room, &bytes);

    return file && bytes == 8 && memcmp(file, "<string>", 8) == 0;
}

static uintptr_t type_of(uintptr_t object)
{
    return mt_load(object, mt_python.layout.object_type);
}

/* The outermost frame's code object; 0: the stack is too deep, or the frame is not one of Python code. */
static uintptr_t outermost(uintptr_t frame)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t code = 0;

    for (size_t n = 0; frame; n++, frame = mt_load(frame, l->frame_previous)) {
        if (n == 64 * MT_DEPTH_MAX)
            return 0;
        if (l->style == MT_PYTHON_SHIMS &&
            *(const volatile uint8_t *)(frame + l->frame_owner) >= l->shim_owner)
            continue;
        code = mt_load(frame, l->frame_code) & ~(uintptr_t)3;
    }
    return code && mt_python_code_is(type_of(code)) ? code : 0;
}

/* Enter a code object and what is in it. */
static void enter_all(uintptr_t code, unsigned nested)
{
    const struct mt_python_layout *l = &mt_python.layout;
    uintptr_t constants = mt_load(code, l->code_constants), type, one;
    const char *name;
    size_t count, first;

    mt_python_code_enter_command(code);
    if (!constants || nested == NESTED_MAX)
        return;
    type = type_of(constants);
    name = (const char *)mt_load(type, l->type_name);
    if (!name || strcmp(name, "tuple") != 0)
        return; /* not where we think */
    count = mt_load(constants, l->object_type + sizeof(uintptr_t));
    first = mt_load(type, l->type_basicsize);
    for (size_t i = 0; i < count; i++) {
        one = mt_load(constants + first, (unsigned)(i * sizeof(uintptr_t)));
        if (one && mt_python_code_is(type_of(one)))
            enter_all(one, nested + 1);
    }
}

static void enter_command(void *code)
{
    enter_all(*(const uintptr_t *)code, 0);
}

void mt_python_command_find(uintptr_t code, uintptr_t top)
{
    uintptr_t command;

    if (!top || __atomic_load_n(&found_in, __ATOMIC_RELAXED) == mt_python.epoch ||
        !mt_python_code_is(type_of(code)) || !is_of_string(code))
        return;
    command = outermost(top);
    if (!command || !is_of_string(command) || mt_os_tid() != mt_os_pid())
        return;
    __atomic_store_n(&found_in, mt_python.epoch, __ATOMIC_RELAXED);
    mt_aside(enter_command, &command); /* it calls itself */
}
