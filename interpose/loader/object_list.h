/* SPDX-License-Identifier: MIT
 *
 * Where objects lie, read from the loader's own list: for a glibc before 2.35, which tells it only under the loader's lock. Used by
 * object_glibc.c alone.
 */
#ifndef MT_OBJECT_LIST_H
#define MT_OBJECT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/object.h"

/* Whether the loader's list can be found. */
bool mt_object_list_works(void);

/* As mt_object_at. The list is read while others may change it, by system calls that fail where nothing is. What is found is
 * remembered until mt_object_list_forget. What takes longer runs aside. */
bool mt_object_list_at(uintptr_t address, struct mt_object *object);

/* An object is about to be unloaded, or was. Any thread, also in a signal handler. */
void mt_object_list_forget(void);

/* In the child of a fork: the thread that was reading the list is not here. */
void mt_object_list_forked(void);

/* Did exec start the program itself, which is first in the loader's list as `map`? Else what the kernel tells is of a loader that was called
 * to start it. `unknown`: the answer where that can't be told. Needs no lock. */
struct link_map;
bool mt_object_list_by_exec(const struct link_map *map, bool unknown);

#endif
