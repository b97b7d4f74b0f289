/* SPDX-License-Identifier: MIT */
#include "export/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void words_json(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', out);
        fputc(*at, out);
    }
    fputc('"', out);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static char *checked(char *text, int length)
{
    return length < 0 ? base_copy("?", 1) : text;
}

char *words_short(const struct profile *profile, const struct profile_location *location)
{
    const struct profile_line *line = profile_line_of(profile, location, 0);
    const struct profile_function *function = &profile->functions[line->function];
    const char *name = profile_text(profile, function->name);
    const char *file = last_part(profile_text(profile, function->file));
    char *text = NULL;
    int length;
    if (!*file)
        length = asprintf(&text, "%s", name);
    else if (!line->line)
        length = asprintf(&text, "%s (%s)", name, file);
    else
        length = asprintf(&text, "%s (%s:%" PRIu32 ")", name, file, line->line);
    return checked(text, length);
}

char *words_valgrind(const struct profile *profile, const struct profile_location *location)
{
    const struct profile_line *line = profile_line_of(profile, location, 0);
    const struct profile_function *function = &profile->functions[line->function];
    const char *name = profile_text(profile, function->name);
    const char *file = profile_text(profile, function->file);
    char *text = NULL;
    int length;
    if (*file)
        length = asprintf(&text, "0x%" PRIX64 ": %s (%s:%" PRIu32 ")", location->address, name,
                          file, line->line);
    else if (location->module)
        length = asprintf(&text, "0x%" PRIX64 ": %s (in %s)", location->address, name,
                          profile_text(profile, profile->modules[location->module].path));
    else
        length = asprintf(&text, "0x%" PRIX64 ": %s", location->address, name);
    return checked(text, length);
}

size_t words_stack(const struct profile *profile, uint32_t node, uint32_t **list, size_t *cap)
{
    size_t count = 0;
    for (uint32_t at = node; at; at = profile->nodes[at].parent)
        count++;
    *list = base_room(*list, cap, count + 1, sizeof **list);
    for (size_t i = count; i-- > 0; node = profile->nodes[node].parent)
        (*list)[i] = profile->nodes[node].location;
    return count;
}
