/* SPDX-License-Identifier: MIT */
#include "resolve/keeps.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static const struct resident *rule_of(const struct frames *frames, const struct function *function,
                                      bool keeps_only)
{
    const char *file = frames_file(frames, function), *name = frames_name(frames, function);
    struct log_text base = log_file_name(frames_module(frames, function));
    char *module = base_copy(base.text ? base.text : "", base.bytes);
    const struct resident *rule = rules_resident(module, file, name, keeps_only);
    free(module);
    return rule;
}

bool keeps_for_runtime(const struct frames *frames, const struct function *function)
{
    return rule_of(frames, function, true) != NULL;
}

const struct resident *keeps_resident(const struct frames *frames, const struct function *function)
{
    return rule_of(frames, function, false);
}
