/* SPDX-License-Identifier: MIT
 *
 * How the system gives memory: chosen by file, pages.c on Linux, pages_none.c elsewhere.
 */
#ifndef BASE_PAGES_H
#define BASE_PAGES_H

#include <stddef.h>

/* A block of malloc's, of `bytes` bytes, will soon be used throughout: it may come in large pieces. Any thread. */
void pages_advise(void *block, size_t bytes);

#endif
