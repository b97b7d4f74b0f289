/* SPDX-License-Identifier: MIT
 *
 * memtrace completions fish.
 */
#include <stdio.h>
#include <string.h>

#include "verbs/completions.h"
#include "verbs/options.h"
#include "verbs/verbs.h"

static const char fish_begin[] =
    "# Completions of memtrace for fish: memtrace completions fish\n"
    "\n"
    "function __memtrace_program # where the program stands among the words; 0: not yet\n"
    "    set -l words (commandline -opc)\n"
    "    set -l taking\n"
    "    switch \"$words[2]\"\n";

static const char fish_middle[] =
    "        case '*'\n"
    "            echo 0\n"
    "            return\n"
    "    end\n"
    "    set -l at 3\n"
    "    while test $at -le (count $words)\n"
    "        if test \"$words[$at]\" = --\n"
    "            math $at + 1\n"
    "            return\n"
    "        else if contains -- \"$words[$at]\" $taking\n"
    "            set at (math $at + 2)\n"
    "        else if string match -q -- '-*' \"$words[$at]\"\n"
    "            set at (math $at + 1)\n"
    "        else\n"
    "            echo $at\n"
    "            return\n"
    "        end\n"
    "    end\n"
    "    echo 0\n"
    "end\n"
    "\n"
    "function __memtrace_first # is the verb what is typed?\n"
    "    test (count (commandline -opc)) -eq 1\n"
    "end\n"
    "\n"
    "function __memtrace_in # VERB: is what is typed its option or argument?\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -ge 2; or return 1\n"
    "    set -l verb $words[2]\n"
    "    string match -q -- '-*' $verb; and return 1\n";

static const char fish_end[] =
    "    test \"$verb\" = $argv[1]; and test (__memtrace_program) -eq 0\n"
    "end\n"
    "\n"
    "function __memtrace_in_program # is it the program or its argument?\n"
    "    test (__memtrace_program) -gt 0\n"
    "end\n"
    "\n"
    "function __memtrace_of_program\n"
    "    set -l at (__memtrace_program)\n"
    "    set -l words (commandline -opc)\n"
    "    set -l token (commandline -ct)\n"
    "    if test $at -eq 0; or test $at -gt (count $words)\n"
    "        string match -q -- '-*' \"$token\"; or complete -C \"$token\"\n"
    "    else\n"
    "        complete -C (string join ' ' -- (string escape -- $words[$at..-1]) \"$token\")\n"
    "    end\n"
    "end\n"
    "\n"
    "function __memtrace_logs # logs, and folders\n"
    "    __fish_complete_path (commandline -ct) |\n"
    "        string match -r -- '^[^\\t]*(?:\\.mt|/)(?:\\t.*)?$'\n"
    "end\n"
    "\n"
    "complete -c memtrace -f\n"
    "complete -c memtrace -n __memtrace_first -k -a '(__memtrace_logs)'\n"
    "complete -c memtrace -n __memtrace_in_program -k -a '(__memtrace_of_program)'\n";

static void fish_option(const struct verb_about *verb, const struct option_about *one)
{
    printf("complete -c memtrace -n '__memtrace_in %s' -l %s", verb->name, one->name);
    if (one->letter)
        printf(" -s %c", one->letter);
    switch (completion_kind(one)) {
    case KIND_NONE:
        break;
    case KIND_ANY:
        fputs(" -x", stdout);
        break;
    case KIND_FILE:
        fputs(" -r -F", stdout);
        break;
    case KIND_FOLDER:
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
        break;
    case KIND_WORDS:
        fputs(" -x -a '", stdout);
        completion_values(one, " ");
        fputc('\'', stdout);
        break;
    case KIND_LIST:
        fputs(" -x -a '(__fish_append , ", stdout);
        completion_values(one, " ");
        fputs(")'", stdout);
    }
    fputs(" -d '", stdout);
    completion_what(one->help, "\\");
    fputs("'\n", stdout);
}

static void fish_verb(const struct verb *verb)
{
    const struct verb_about *about = verb->about;
    const struct option_about *one = NULL;
    printf("\ncomplete -c memtrace -n __memtrace_first -a %s -d '", about->name);
    completion_what(verb->what, "\\");
    fputs("'\n", stdout);
    while ((one = completion_next(about, one)))
        fish_option(about, one);
    printf("complete -c memtrace -n '__memtrace_in %s' -l help -d 'list the options'\n",
           about->name);
    printf("complete -c memtrace -n '__memtrace_in %s' -k -a '", about->name);
    if (about->words)
        completion_words(about->words);
    else
        fputs(about->program ? "(__memtrace_of_program)" : "(__memtrace_logs)", stdout);
    fputs("'\n", stdout);
}

void completions_fish(void)
{
    fputs(fish_begin, stdout);
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].about->program)
            continue;
        printf("        case %s\n            set taking ", verbs[i].about->name);
        completion_options(verbs[i].about, true, " ");
        fputc('\n', stdout);
    }
    fputs(fish_middle, stdout);
    fputs("    contains -- $verb ", stdout);
    completion_verbs(" ");
    fputs("; or set verb report\n", stdout);
    fputs(fish_end, stdout);
    for (size_t i = 0; i < verb_option_count; i++) {
        printf("complete -c memtrace -n __memtrace_first -l %s -d '", verb_options[i].name + 2);
        completion_what(verb_options[i].what, "\\");
        fputs("'\n", stdout);
    }
    for (size_t i = 0; i < verb_count; i++)
        fish_verb(&verbs[i]);
}
