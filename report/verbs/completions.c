/* SPDX-License-Identifier: MIT
 *
 * memtrace completions: what bash, zsh and fish complete, written from the list of the verbs and that of the options.
 */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/nearest.h"
#include "verbs/completions.h"
#include "verbs/verbs.h"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

const struct verb_about verb_completions_about = {
    .name = "completions",
    .takes = "bash|zsh|fish",
    .words = shells,
    .word = "shell",
    .intro = "A script for bash, zsh or fish that completes memtrace's verbs, their options, what "
             "these take, and logs\n"
             "(*.mt) and folders. memtrace's installation puts it where the shells look for it.\n",
    .end = "  bash  . <(memtrace completions bash)         in ~/.bashrc\n"
           "  zsh   . <(memtrace completions zsh)          in ~/.zshrc, behind compinit\n"
           "  fish  memtrace completions fish | source     in ~/.config/fish/config.fish\n",
    .example = ". <(memtrace completions bash)",
};

enum kind completion_kind(const struct option_about *one)
{
    const char *argument = one->argument;
    if (!argument)
        return KIND_NONE;
    if (one->values)
        return strstr(argument, "[,...]") ? KIND_LIST : KIND_WORDS;
    if (!strcmp(argument, "FILE") || !strcmp(argument, "LOG"))
        return KIND_FILE;
    return !strcmp(argument, "DIR") ? KIND_FOLDER : KIND_ANY;
}

const struct option_about *completion_next(const struct verb_about *verb,
                                           const struct option_about *one)
{
    for (one = one ? one + 1 : option_abouts; one < option_abouts + option_count; one++)
        if (one->of & verb->of)
            return one;
    return NULL;
}

void completion_values(const struct option_about *one, const char *between)
{
    const char *words[OPTION_VALUES];
    size_t count = one->values(words);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? between : "", words[i]);
}

void completion_words(const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        printf("%s%s", i ? " " : "", words[i]);
}

void completion_verbs(const char *between)
{
    for (size_t i = 0; i < verb_count; i++)
        printf("%s%s", i ? between : "", verbs[i].about->name);
}

void completion_options(const struct verb_about *verb, bool taking, const char *between)
{
    const struct option_about *one = NULL;
    bool any = false;
    while ((one = completion_next(verb, one))) {
        if (taking && !one->argument)
            continue;
        printf("%s--%s", any ? between : "", one->name);
        if (one->letter)
            printf("%s-%c", between, one->letter);
        any = true;
    }
}

void completion_what(const char *text, const char *special)
{
    size_t length = 0;
    while (text[length] && !strchr(";(:", text[length]) && strncmp(text + length, ". ", 2) != 0)
        length++;
    while (length && text[length - 1] == ' ')
        length--;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\'')
            fputs("'\\''", stdout);
        else
            printf("%s%c", strchr(special, text[i]) ? "\\" : "", text[i]);
    }
}

int verb_completions(int argc, char **argv)
{
    static void (*const writers[])(void) = {completions_bash, completions_zsh, completions_fish};
    struct options options;
    int status = options_read(&options, &verb_completions_about, argc, argv);
    size_t i = 0, count = sizeof writers / sizeof writers[0];
    const char *shell = status == STATUS_DONE ? options.logs[0] : "", *near;
    while (i < count && strcmp(shell, shells[i]) != 0)
        i++;
    if (status == STATUS_DONE && i < count) {
        writers[i]();
    } else if (status == STATUS_DONE) {
        near = nearest(shell, shells, count);
        base_say("completions: for bash, zsh or fish, not '%s'%s%s%s", shell,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        status = STATUS_BAD;
    }
    options_free(&options);
    return status;
}
