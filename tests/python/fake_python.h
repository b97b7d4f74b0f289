/* SPDX-License-Identifier: MIT
 *
 * An interpreter's structures made by hand, so that frames can change in ways that a real one makes hard to ask for.
 */
#ifndef FAKE_PYTHON_H
#define FAKE_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../interpose/python/code.h"
#include "../../interpose/python/interpreter.h"
#include "../../interpose/foreign/merge.h"
#include "../../interpose/python/stack.h"
#include "../../interpose/python/thread.h"

/* Set up mt_python as if attached to 3.`minor`, 8 to 12 or 15. All threads get the thread state that fake_state points to. */
void fake_attach(unsigned minor);
extern _Thread_local uintptr_t fake_state; /* what PyGILState_GetThisThreadState returns */
extern _Thread_local bool fake_attached;   /* holds the GIL */
extern uintptr_t fake_finalizing;          /* the word in _PyRuntime */

/* How many interpreters there are; up to 3.11. */
void fake_interpreters(unsigned count);

/* A thread state whose chain ends here. */
uintptr_t fake_state_make(void);
/* Let the chain begin with `frame`, and with `cframe` where there are such. */
void fake_state_set(uintptr_t state, uintptr_t frame, uintptr_t cframe);
/* The shim at the end of all chains of frames, which lies in the thread state; 0: this version has none. */
uintptr_t fake_state_base(uintptr_t state);
/* The CFrame in the thread state, which is in no native loop. */
uintptr_t fake_state_cframe(uintptr_t state);

#define FAKE_FRAME_BYTES 128
void fake_frame_set(uintptr_t frame, uintptr_t code, unsigned instruction, uintptr_t previous,
                    bool entry);
void fake_shim_set(uintptr_t frame, uintptr_t previous);
void fake_cframe_set(uintptr_t cframe, uintptr_t previous); /* 24 bytes */

/* A code object at `at` (FAKE_CODE_BYTES); instruction i has fake_line(first_line, step, i). Its name is "NAME". */
#define FAKE_CODE_BYTES   4096
#define FAKE_INSTRUCTIONS 60
void fake_code_make(uintptr_t at, int first_line, unsigned step, const char *file);
unsigned fake_line(int first_line, unsigned step, unsigned instruction);
/* What happens when its last reference goes. */
void fake_code_die(uintptr_t at);

/* The log: of a Python key, its file and line. */
const char *fake_file(mt_key key);
unsigned fake_log_line(mt_key key);
bool fake_is_cut(mt_key key);
unsigned fake_notes(void);
uint64_t fake_missed(void);

#endif
