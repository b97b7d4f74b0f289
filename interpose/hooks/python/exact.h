/* SPDX-License-Identifier: MIT
 *
 * Exact lines: of functions that the user named (MEMTRACE_LINES), every execution of a line is
 * counted, with the level that it began with. From 3.12 on by sys.monitoring's local events on
 * these code objects, which a code watcher finds when they are made, so that other functions cost
 * what they always do; before that by a trace function that is set while one of them runs and by
 * nothing else, which a frame evaluation function (PEP 523) sees to.
 *
 * All of it runs with the GIL, in the program's context and outside the guard unless said
 * otherwise; the interpreter's API is called as an extension module would.
 */
#ifndef MT_PYTHON_EXACT_H
#define MT_PYTHON_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read the names and find the functions. To be called once, when CPython 3.`minor` was attached to;
 * guard set, no lock held. */
void mt_python_exact_attach(unsigned minor);

/* WAITING: to be set up as soon as the interpreter runs. */
enum mt_python_exact { MT_EXACT_OFF, MT_EXACT_WAITING, MT_EXACT_ON };
extern uint32_t mt_python_exact;

/* A code object was met: the interpreter may run now. Guard set; called inside an allocation, so it
 * only asks the interpreter to call us when it can. */
void mt_python_exact_ask(void);

/* The program asks for it (memtrace.h): count the lines of this code object, which must live until
 * it is told to stop. With the GIL held, guard not set. False: not possible, and a note says why.
 */
bool mt_python_exact_watch(void *code, bool on);

#endif
