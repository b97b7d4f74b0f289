/* SPDX-License-Identifier: MIT */
#include "show/name.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = base_copy("", 0);
    va_end(args);
    return text;
}

static char *module_name(const struct frames *frames, const struct function *function)
{
    struct log_text path = frames_module(frames, function);
    char *whole = base_copy(path.text ? path.text : "", path.bytes);
    char *name = base_copy(path_base(whole), strlen(path_base(whole)));
    free(whole);
    return name;
}

const char *tail_mark(const struct place *place)
{
    static const char *const marks[] = {[TAIL_NEVER] = "",
                                        [TAIL_ALWAYS] = " (tail call)",
                                        [TAIL_AT_TIMES] = " (at times tail call)"};
    return marks[place->tail];
}

const char *tail_word(const struct place *place)
{
    static const char *const words[] = {
        [TAIL_NEVER] = NULL, [TAIL_ALWAYS] = "always", [TAIL_AT_TIMES] = "at times"};
    return words[place->tail];
}

char *name_of_tail(const char *name, const struct place *place)
{
    return text_format("%s%s", name, tail_mark(place));
}

char *name_of_place(const struct frames *frames, uint32_t place)
{
    const struct place *p = &frames->places[place];
    const struct function *function = &frames->functions[p->function];
    const char *file = frames_file(frames, function);
    const char *name = frames_name(frames, function);
    if (file && p->line == PLACE_RETURNS)
        return text_format("%s: on return  %s", frames_short(frames, function), name ? name : "?");
    if (file && p->line)
        return text_format("%s:%" PRIu32 "  %s%s", frames_short(frames, function), p->line,
                           name ? name : "?", tail_mark(p));
    if (file && p->tail)
        return text_format("%s  %s%s", frames_short(frames, function), name ? name : "?",
                           tail_mark(p));
    char *module = module_name(frames, function), *text;
    if (name)
        text = text_format("%s%s%s", name, *module ? "  in " : "", module);
    else
        text = text_format("%s+0x%" PRIx64, *module ? module : "?", p->address);
    free(module);
    return text;
}

bool name_is_shared(const struct model *model, uint32_t thread)
{
    for (uint32_t t = 1; t < model->thread_count; t++)
        if (t != thread && !strcmp(model->threads[t].name, model->threads[thread].name))
            return true;
    return false;
}

char *name_of_thread(const struct model *model, uint32_t thread)
{
    const struct thread *t = &model->threads[thread];
    char number[TEXT_COUNT_BYTES], tid[32] = "", earlier[TEXT_COUNT_BYTES + 32] = "";
    if (t->tid && name_is_shared(model, thread)) /* those of merged logs have none */
        snprintf(tid, sizeof tid, "tid %" PRId32, t->tid);
    if (t->earlier)
        snprintf(earlier, sizeof earlier, "and %s before it", text_count(number, t->earlier));
    if (!*tid && !*earlier)
        return text_format("%s", t->name);
    return text_format("%s (%s%s%s)", t->name, tid, *tid && *earlier ? ", " : "", earlier);
}

char *name_of_function(const struct frames *frames, uint32_t function)
{
    const struct function *f = &frames->functions[function];
    const char *file = frames_file(frames, f);
    const char *name = frames_name(frames, f);
    if (file)
        return text_format("%s: %s", file, name ? name : "?");
    char *module = module_name(frames, f);
    char *text = text_format("%s: %s", *module ? module : "?", name ? name : "(no symbols)");
    free(module);
    return text;
}
