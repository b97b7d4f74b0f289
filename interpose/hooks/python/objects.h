/* SPDX-License-Identifier: MIT
 *
 * The interpreter's objects: what it allocates through its own allocator is seen object by object,
 * and its allocator still does the work.
 */
#ifndef MT_PYTHON_OBJECTS_H
#define MT_PYTHON_OBJECTS_H

#include <stdbool.h>

/* Put our functions into the allocator tables of the interpreter that was attached to. To be called
 * once, when attaching, by a thread that may change the tables: no interpreter runs yet, or this
 * thread holds the GIL. Calls dlsym: guard set, no lock held. False: a symbol is missing, and
 * nothing is changed. */
bool mt_python_objects_init(void);

/* Put ours in front again. The interpreter installs tables of its own when it is configured
 * (PYTHONMALLOC, -X dev) and when it starts again, and each time it allocates before the first
 * object does. So this is to be called at every allocation as long as there is no interpreter, or
 * one that ends. It works only in the thread that attached: other threads may still run when an
 * interpreter has ended, and the tables have no lock then. Guard set, no lock held. */
void mt_python_objects_settle(void);

#endif
