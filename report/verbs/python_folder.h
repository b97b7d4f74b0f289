/* SPDX-License-Identifier: MIT */
#ifndef PYTHON_FOLDER_H
#define PYTHON_FOLDER_H

/* memtrace --python: print the folder that the Python module is in, for PYTHONPATH. The exit status. */
int python_folder_print(void);

#endif
