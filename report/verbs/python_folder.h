/* SPDX-License-Identifier: MIT */
#ifndef PYTHON_FOLDER_H
#define PYTHON_FOLDER_H

/* The absolute path of the folder that the Python module `memtrace` is in; to be freed. NULL after a message. */
char *python_folder(void);
/* memtrace --python: print the folder that the Python module is in, for PYTHONPATH. The exit status. */
int python_folder_print(void);

#endif
