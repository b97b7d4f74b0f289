/* SPDX-License-Identifier: MIT
 *
 * What tells one build of a program or library from another: an ELF file's build-id, a Mach-O file's UUID. The file is chosen by
 * the object format: build_id_elf.c, macho/build_id.c.
 */
#ifndef MT_BUILD_ID_H
#define MT_BUILD_ID_H

#include <stdint.h>

#include "loader/object.h"

#define MT_BUILD_ID_MOST 32u

/* Copy the loaded object's id: how many bytes, 0: it has none. Nothing outside of the object is read. Any thread, no lock. */
uint32_t mt_build_id(const struct mt_object *object, uint8_t id[MT_BUILD_ID_MOST]);

#endif
