/* SPDX-License-Identifier: MIT */
#include "resolve/source_of.h"

#include <string.h>

enum { UNKNOWN, OWN, OTHER }; /* whose text a file has, of the Python code that names it */

static bool is_python(const struct function *function)
{
    return !strcmp(function->language, "Python");
}

/* The name behind `def` or `class`; NULL for <module>, <lambda>, ... and where it is not known. */
static const char *defined_name(const struct frames *frames, const struct function *function)
{
    const char *name = frames_name(frames, function), *dot = name ? strrchr(name, '.') : NULL;
    name = dot ? dot + 1 : name;
    return name && name[0] && name[0] != '<' && function->first_line ? name : NULL;
}

/* For code that has no name to be looked for: if it is another's text, then none of the functions that name this file
 * stand where they should. Linear in the functions, once for a file. */
static bool is_own_file(struct sources *sources, const struct frames *frames,
                        const struct source *source, uint32_t file)
{
    uint32_t *known = map_at(&sources->checks, file);
    if (*known)
        return *known == OWN;
    bool named = false, fits = false;
    for (size_t f = 0; f < frames->function_count && !fits; f++) {
        const struct function *one = &frames->functions[f];
        const char *name =
            one->file == file && is_python(one) && !one->command ? defined_name(frames, one) : NULL;
        if (!name)
            continue;
        named = true;
        fits = source_python_defines(source, one->first_line, name);
    }
    *known = fits || !named ? OWN : OTHER;
    return *known == OWN;
}

/* Is the text newer than the module that was made of it? */
static bool is_newer(const struct frames *frames, const struct function *function,
                     const struct source *source)
{
    const struct log *log = frames->log;
    return source->text && function->module < log->module_count &&
           log->modules[function->module].stamp.known &&
           source->modified > log->modules[function->module].stamp.modified;
}

/* The file that the function names; NULL: none. */
static const struct source *file_of(struct sources *sources, const struct frames *frames,
                                    const struct function *function)
{
    const char *file = frames_file(frames, function);
    if (!file || function->command || (is_python(function) && !strcmp(file, SOURCE_COMMAND)))
        return NULL;
    return sources_get(sources, file);
}

bool source_of_changed(struct sources *sources, const struct frames *frames,
                       const struct function *function)
{
    const struct source *source = file_of(sources, frames, function);
    return source &&
           (source->changed || (!is_python(function) && is_newer(frames, function, source)));
}

bool source_of_mixed(struct sources *sources, const struct frames *frames,
                     const struct function *function)
{
    const struct source *source = file_of(sources, frames, function);
    return source && source->mixed;
}

const struct source *source_of(struct sources *sources, const struct frames *frames,
                               const struct function *function)
{
    const char *file = frames_file(frames, function);
    if (!file)
        return NULL;
    if (function->command)
        return sources_get(sources, SOURCE_COMMAND);
    if (is_python(function) && !strcmp(file, SOURCE_COMMAND))
        return NULL;
    const struct source *source = sources_get(sources, file);
    if (!is_python(function))
        return is_newer(frames, function, source) ? NULL : source;
    if (!source->text)
        return source;
    const char *name = defined_name(frames, function);
    bool own = name ? source_python_defines(source, function->first_line, name)
                    : is_own_file(sources, frames, source, function->file);
    return own ? source : NULL;
}

char *source_of_line(struct sources *sources, const struct frames *frames,
                     const struct function *function, uint32_t line)
{
    const struct source *source = line ? source_of(sources, frames, function) : NULL;
    return source && source->text ? source_line(source, line) : NULL;
}
