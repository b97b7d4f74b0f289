/* SPDX-License-Identifier: MIT
 *
 * memtrace completions zsh.
 */
#include <stdio.h>
#include <string.h>

#include "verbs/completions.h"
#include "verbs/options.h"
#include "verbs/verbs.h"

/* One option as _arguments takes it. */
static void zsh_option(const struct option_about *one)
{
    bool again = strstr(one->help, "several times") || strstr(one->help, "up to 16 times");
    const char *equal = one->argument ? "=" : "", *plus = one->argument ? "+" : "";
    fputs("            ", stdout);
    if (one->letter && again)
        printf("'*'{-%c%s,--%s%s}", one->letter, plus, one->name, equal);
    else if (one->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}", one->letter, one->name, one->letter, plus, one->name,
               equal);
    else
        printf("'%s--%s%s'", again ? "*" : "", one->name, equal);
    fputs("'[", stdout);
    completion_what(one->help, "[]:\\");
    fputc(']', stdout);
    switch (completion_kind(one)) {
    case KIND_NONE:
        break;
    case KIND_ANY:
        fputs(": : ", stdout);
        break;
    case KIND_FILE:
        fputs(":file:_files", stdout);
        break;
    case KIND_FOLDER:
        fputs(":folder:_files -/", stdout);
        break;
    case KIND_WORDS:
        printf(":%s:(", one->name);
        completion_values(one, " ");
        fputc(')', stdout);
        break;
    case KIND_LIST:
        printf(":%s:_values -s , %s ", one->name, one->name);
        completion_values(one, " ");
    }
    fputs("' \\\n", stdout);
}

static void zsh_verb(const struct verb_about *verb)
{
    const struct option_about *one = NULL;
    printf("        %s)\n            _arguments -s -S \\\n", verb->name);
    while ((one = completion_next(verb, one)))
        zsh_option(one);
    fputs("            '(- *)--help[list the options]' \\\n", stdout);
    if (verb->program) {
        fputs("            '(-)1:program:_command_names -e' '*::argument:_normal'\n", stdout);
    } else if (verb->words) {
        fputs("            '1:shell:(", stdout);
        completion_words(verb->words);
        fputs(")'\n", stdout);
    } else {
        printf("            '%s:log:_memtrace_logs'\n", verb->several || verb->sides ? "*" : "1");
    }
    fputs("            ;;\n", stdout);
}

void completions_zsh(void)
{
    fputs("#compdef memtrace\n"
          "# Completions of memtrace for zsh: memtrace completions zsh\n"
          "\n"
          "_memtrace_logs() {\n"
          "    _alternative 'logs:log:_path_files -g \"*.mt\"' 'folders:folder:_path_files -/'\n"
          "}\n"
          "\n"
          "_memtrace_verbs() {\n"
          "    local -a verbs\n"
          "    verbs=(\n",
          stdout);
    for (size_t i = 0; i < verb_count; i++) {
        printf("        '%s:", verbs[i].about->name);
        completion_what(verbs[i].what, ":\\");
        fputs("'\n", stdout);
    }
    fputs("    )\n"
          "    _describe -t verbs verb verbs\n"
          "    _memtrace_logs\n"
          "}\n"
          "\n"
          "_memtrace() {\n"
          "    local curcontext=$curcontext state state_descr line verb\n"
          "    typeset -A opt_args\n"
          "    _arguments -C \\\n",
          stdout);
    for (size_t i = 0; i < verb_option_count; i++) {
        printf("        '(- : *)%s[", verb_options[i].name);
        completion_what(verb_options[i].what, "[]:\\");
        fputs("]' \\\n", stdout);
    }
    fputs("        '1: :_memtrace_verbs' '*:: :->rest'\n"
          "    [[ $state == rest ]] || return\n"
          "    verb=$words[1]\n"
          "    case $verb in\n"
          "        ",
          stdout);
    completion_verbs(" | ");
    fputs(") ;;\n        *) verb=report ;;\n    esac\n    case $verb in\n", stdout);
    for (size_t i = 0; i < verb_count; i++)
        zsh_verb(verbs[i].about);
    fputs("    esac\n"
          "}\n"
          "\n"
          "if [[ $funcstack[1] == _memtrace ]]; then\n"
          "    _memtrace \"$@\"\n"
          "else\n"
          "    compdef _memtrace memtrace\n"
          "fi\n",
          stdout);
}
