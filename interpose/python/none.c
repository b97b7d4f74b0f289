/* SPDX-License-Identifier: MIT
 *
 * Where CPython's frames are not read: on macOS. What is missing is how an interpreter is found there among the loaded objects, and its
 * symbols (attach.c and library.h know ELF). Its C frames are recorded like any other program's.
 */
#include "python/attach.h"
#include "python/thread.h"

const struct mt_python_clients *mt_python_clients;

bool mt_python_init(void)
{
    return false;
}

void mt_python_met(const char *path, const void *map, uintptr_t begin, uintptr_t end)
{
    (void)path, (void)map, (void)begin, (void)end;
}

void mt_python_attach_late(void)
{
}

void mt_python_settle(void)
{
}

void mt_python_wait_for_readers(void)
{
}
