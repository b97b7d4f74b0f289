/* SPDX-License-Identifier: MIT
 *
 * Where CPython keeps what we read, for each minor version (LP64; without the GIL 3.13 only).
 */
#ifndef MT_PYTHON_LAYOUT_H
#define MT_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How frames are chained, and what tells where one native interpreter loop begins. */
enum mt_python_style {
    MT_PYTHON_OBJECTS, /* 3.8, 3.9: frame objects; a loop is known by its symbol only */
    MT_PYTHON_CFRAMES, /* 3.10: the same, and each loop keeps a CFrame on its native stack */
    MT_PYTHON_ENTRIES, /* 3.11: is_entry marks a loop's outermost frame, a _PyCFrame lies in the
                          loop */
    MT_PYTHON_SHIMS    /* 3.12 on: a frame without Python code follows, and lies in the loop */
};

enum mt_python_lines { MT_LINES_LNOTAB, MT_LINES_RANGES, MT_LINES_LOCATIONS };

/* All offsets in bytes. A field that a version does not have is 0. */
struct mt_python_layout {
    enum mt_python_style style;
    enum mt_python_lines lines;

    uint16_t
        runtime_finalizing; /* _PyRuntime: pointer, nonzero from the beginning of finalisation */
    uint16_t
        runtime_interpreters; /* _PyRuntime: pointer to the last interpreter made, NULL if there is
                                 none; behind it one to the main one, the first */
    uint16_t runtime_current; /* _PyRuntime: the thread state that holds the GIL (3.8-3.11) */

    uint16_t thread_id;     /* pthread_t */
    uint16_t thread_top;    /* pointer to the innermost frame, or to the CFrame (3.11, 3.12) */
    uint16_t thread_cframe; /* pointer to the innermost CFrame (3.10, 3.11), else 0 */
    uint16_t cframe_top;    /* in the CFrame: pointer to the innermost frame (3.11, 3.12) */
    uint16_t cframe_previous;

    uint16_t
        thread_stack_top; /* 3.11 on: the end of its stack of frames, which begins in the word before */

    uint16_t thread_base; /* 3.15 on: pointer to the shim that ends its chain of frames, else 0 */

    uint16_t frame_code;
    uint16_t frame_previous;
    uint16_t frame_position; /* int f_lasti (3.8-3.10), pointer to the instruction after that */
    uint16_t frame_owner;    /* char; 3.11: is_entry, a bool */

    uint16_t code_constants; /* pointer to a tuple */
    uint16_t code_file;
    uint16_t code_name; /* the qualified name where there is one */
    uint16_t code_first_line;
    uint16_t code_table; /* line table: pointer to bytes */
    uint16_t code_start; /* 3.11 on: the instructions, in the object itself */

    uint16_t object_type; /* any object: pointer to its type */
    uint16_t type_name;   /* PyTypeObject */
    uint16_t type_basicsize;
    uint16_t type_dealloc;
    uint16_t code_basicsize; /* what PyCode_Type's must be */

    uint16_t text_length; /* str */
    uint16_t text_state;
    uint16_t text_ascii; /* the characters of an ASCII one */
    uint16_t text_other; /* ... of any other compact one */
    uint16_t bytes_size;
    uint16_t bytes_data;

    uint8_t position_unit; /* f_lasti is in units of so many bytes */
    uint8_t shim_owner;    /* owners from this on are shims */
    uint8_t top_in_cframe; /* 3.11, 3.12: thread_top points to a CFrame */
    bool
        /* threads run Python code at the same time; all memory is the interpreter's allocator's,
         * from one large mapping made ahead */
        free_threaded;
};

/* The layout of CPython `version` (as in PY_VERSION_HEX) whose _PyRuntime is at `runtime`. False:
 * it is refused, and *why is a phrase for the reader of the log ("is not known", ...). *differs:
 * what the interpreter states of itself (3.13 on) is not what the table says; the statement wins.
 * Any thread, at any time; allocates nothing. */
bool mt_python_layout_find(struct mt_python_layout *layout, uint32_t version, const void *runtime,
                           bool *differs, const char **why);

#endif
