/* SPDX-License-Identifier: MIT */
#include "loader/build_id.h"

#include "loader/macho/headers.h"

uint32_t mt_build_id(const struct mt_object *object, uint8_t id[MT_BUILD_ID_MOST])
{
    const struct uuid_command *command =
        mt_macho_command(object->handle, LC_UUID, sizeof(struct uuid_command));
    if (!command)
        return 0;
    memcpy(id, command->uuid, sizeof command->uuid);
    return sizeof command->uuid;
}
