/* SPDX-License-Identifier: MIT
 *
 * `python -m memtrace` starts the interpreter with the user's own arguments, as if we were not there. What it wants done before the
 * program's first line stands in a Python file (report/python/memtrace/_begin.py), which is executed when the interpreter is about
 * to run the program: site has been imported, sys.path and sys.argv are as the program will see them.
 *
 * The interpreter tells of that moment by an audit event (PEP 578: cpython.run_command, _file, _module, _stdin). The audit hook takes
 * itself out there, as every audit event would build a tuple for it.
 */
#ifndef MT_PYTHON_BEGIN_H
#define MT_PYTHON_BEGIN_H

/* To be called once, by the constructor, before the interpreter's main. Does nothing unless MEMTRACE_PYTHON_BEGIN ends in the
 * absolute path of a file, and an interpreter is loaded. Calls the interpreter's PySys_AddAuditHook. Guard set, no lock held. */
void mt_python_begin(void);

#endif
