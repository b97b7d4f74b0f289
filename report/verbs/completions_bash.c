/* SPDX-License-Identifier: MIT
 *
 * memtrace completions bash.
 */
#include <stdio.h>
#include <string.h>

#include "verbs/completions.h"
#include "verbs/options.h"
#include "verbs/verbs.h"

/* $options and, where the word before the cursor takes an argument, $kind and $words. */
static void bash_verb(const struct verb_about *verb)
{
    static const char *const kinds[] = {"", "any", "file", "folder", "words", "list"};
    const struct option_about *one = NULL;
    printf("    %s)\n        options='", verb->name);
    completion_options(verb, false, " ");
    printf("%s--help'\n", verb->of ? " " : "");
    if (verb->words) {
        fputs("        arguments='", stdout);
        completion_words(verb->words);
        fputs("'\n", stdout);
    }
    if (verb->program) {
        fputs("        taking=' ", stdout);
        completion_options(verb, true, " ");
        fputs(" '\n", stdout);
    }
    if (verb->of)
        fputs("        case $previous in\n", stdout);
    while ((one = completion_next(verb, one))) {
        if (!one->argument)
            continue;
        printf("        --%s", one->name);
        if (one->letter)
            printf(" | -%c", one->letter);
        printf(") kind=%s", kinds[completion_kind(one)]);
        if (one->values) {
            fputs(" words='", stdout);
            completion_values(one, " ");
            fputc('\'', stdout);
        }
        fputs(" ;;\n", stdout);
    }
    if (verb->of)
        fputs("        esac\n", stdout);
    fputs("        ;;\n", stdout);
}

static const char bash_begin[] =
    "# Completions of memtrace for bash: memtrace completions bash\n"
    "\n"
    "_memtrace_files() { # PATTERN: files whose names match it, and folders\n"
    "    local folders\n"
    "    compopt -o filenames\n"
    "    mapfile -t COMPREPLY < <(compgen -f -X \"!$1\" -- \"$current\")\n"
    "    mapfile -t folders < <(compgen -d -- \"$current\")\n"
    "    [[ $1 == '*' ]] || COMPREPLY+=(\"${folders[@]}\")\n"
    "}\n"
    "\n"
    "_memtrace_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
    "\n"
    "_memtrace_list() { # WORDS: several of them, with commas between\n"
    "    local before=\n"
    "    [[ $current != *,* ]] || before=${current%,*},\n"
    "    mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$1\" -- \"${current##*,}\")\n"
    "}\n"
    "\n"
    "_memtrace_program() { # AT: the program stands there, or will\n"
    "    if declare -F _command_offset >/dev/null; then\n"
    "        _command_offset \"$1\"\n"
    "    elif ((COMP_CWORD > $1)); then\n"
    "        _memtrace_files '*'\n"
    "    else\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -c -- \"$current\" | sort -u)\n"
    "    fi\n"
    "}\n"
    "\n"
    "_memtrace() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous= verb=${COMP_WORDS[1]}\n"
    "    local options= arguments= taking= kind= words= at\n"
    "    COMPREPLY=()\n"
    "    ((COMP_CWORD < 2)) || previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    if [[ $current == = ]]; then\n"
    "        current=\n"
    "    elif [[ $previous == = ]]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if ((COMP_CWORD == 1)); then\n";

static const char bash_end[] =
    "    esac\n"
    "    if [[ $taking ]]; then\n"
    "        for ((at = 2; at < COMP_CWORD; at++)); do\n"
    "            case ${COMP_WORDS[at]} in\n"
    "            --) _memtrace_program $((at + 1)); return ;;\n"
    "            -*)\n"
    "                [[ $taking != *\" ${COMP_WORDS[at]} \"* ]] || ((at++))\n"
    "                [[ ${COMP_WORDS[at]} != = ]] || ((at++))\n"
    "                ;;\n"
    "            *) _memtrace_program \"$at\"; return ;;\n"
    "            esac\n"
    "        done\n"
    "    fi\n"
    "    case $kind in\n"
    "    words) _memtrace_words \"$words\" ;;\n"
    "    list) _memtrace_list \"$words\" ;;\n"
    "    file) _memtrace_files '*' ;;\n"
    "    folder) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
    "    any) ;;\n"
    "    *)\n"
    "        if [[ $current == -* ]]; then\n"
    "            _memtrace_words \"$options\"\n"
    "        elif [[ $taking ]]; then\n"
    "            _memtrace_program \"$COMP_CWORD\"\n"
    "        elif [[ $arguments ]]; then\n"
    "            _memtrace_words \"$arguments\"\n"
    "        else\n"
    "            _memtrace_files '*.mt'\n"
    "        fi\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _memtrace memtrace\n";

void completions_bash(void)
{
    fputs(bash_begin, stdout);
    fputs("        if [[ $current == -* ]]; then\n            _memtrace_words '", stdout);
    for (size_t i = 0; i < verb_option_count; i++)
        printf("%s%s", i ? " " : "", verb_options[i].name);
    fputs("'\n            return\n        fi\n        _memtrace_files '*.mt'\n"
          "        local logs=(\"${COMPREPLY[@]}\")\n        _memtrace_words '",
          stdout);
    completion_verbs(" ");
    fputs("'\n        COMPREPLY+=(\"${logs[@]}\")\n        return\n    fi\n    case $verb in\n    ",
          stdout);
    completion_verbs(" | ");
    fputs(") ;;\n    -*) return ;;\n    *) verb=report ;;\n    esac\n    case $verb in\n", stdout);
    for (size_t i = 0; i < verb_count; i++)
        bash_verb(verbs[i].about);
    fputs(bash_end, stdout);
}
