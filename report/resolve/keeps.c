/* SPDX-License-Identifier: MIT */
#include "resolve/keeps.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static const struct resident *rule_of(const struct frames *frames, const struct function *function,
                                      bool keeps_only)
{
    const char *file = frames_file(frames, function), *name = frames_name(frames, function);
    struct log_text path = frames_module(frames, function);
    const char *slash = path.bytes ? memrchr(path.text, '/', path.bytes) : NULL;
    const char *base = slash ? slash + 1 : path.text ? path.text : "";
    char *module = base_copy(base, path.bytes ? (size_t)(path.text + path.bytes - base) : 0);
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
