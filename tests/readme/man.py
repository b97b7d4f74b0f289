# SPDX-License-Identifier: MIT
"""man.py BUILD: the man pages and the command say the same.

- Each verb of `memtrace --help` has a page, each page is of a verb or memtrace.1, and all are installed.
- Each option that `memtrace VERB --help` prints is in the page, in the synopsis or in the list, and the reverse.
- memtrace.1 has each MEMTRACE_ variable that the sources read, and no other; README.md has no other either.
- mandoc and man show the pages without a warning.

At last each option and variable is taken away, from either side: that must be found out.
Exit status: 0 good, 1 not, 77 neither mandoc nor man is here (and the rest is good).
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
PAGES = os.path.join(SOURCE, "report", "man")
INTERNAL = {"MEMTRACE_PYTEST", "MEMTRACE_PYTHON_MAIN"}  # marks that a process leaves for the one that it becomes
OPTION = re.compile(r"(?<!\w\[)(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z](?![\w-]))")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def help_options(text):
    """The options in the usage and at the beginnings of lines: an example's are another program's."""
    found = set()
    for line in text.split("\nexample:")[0].splitlines():
        if line.startswith("usage:"):
            found.update(OPTION.findall(line))
        elif re.match(r" +-", line):
            found.update(OPTION.findall(re.split(r"(?<=\S)  ", line)[0]))
        elif re.match(r"  memtrace .*--", line):  # memtrace --help has its own options in sentences
            found.update(option for option in OPTION.findall(line) if option.startswith("--"))
    return found


def page_options(text):
    """The options that a page's lists explain, and those of its synopsis."""
    listed, synopsis, section = set(), set(), ""
    for line in text.splitlines():
        if line.startswith(".Sh "):
            section = line[4:]
        words = re.findall(r"(?<= Fl| , | \| )\s*(-?[a-zA-Z][a-z-]*)", line) if re.match(r"\.(It|Op) Fl ", line) else []
        words = {"-" + word for word in words if word.startswith("-") or len(word) == 1}
        if line.startswith(".It Fl "):
            listed |= words
        elif section == "SYNOPSIS":
            synopsis |= words
    return listed, synopsis


def options_problems(verb, text, page):
    helped = help_options(text)
    listed, synopsis = page_options(page)
    out = ["memtrace %s --help has %s, and its page does not explain it" % (verb, option) for option in sorted(helped - listed)]
    out += ["the page of memtrace %s has %s, and --help does not" % (verb, option) for option in sorted((listed | synopsis) - helped)]
    return out


def variables_read():
    found = set()
    for folder in ("interpose", "report"):
        for at, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".py")):
                    found.update(re.findall(r"[\"'](MEMTRACE_[A-Z_]+)[\"']", read(at, name)))
    return found - INTERNAL


def variables_problems(used, page, readme):
    explained = set(re.findall(r"^\.It Ev (MEMTRACE_\w+)", page, re.M))
    out = ["memtrace.1 does not explain %s" % name for name in sorted(used - explained)]
    out += ["memtrace.1 explains %s, which nothing reads" % name for name in sorted(explained - used)]
    named = set(re.findall(r"^\| `(MEMTRACE_\w+)`", readme, re.M))
    return out + ["README.md explains %s, which nothing reads" % name for name in sorted(named - used)]


def show(command, page):
    """Warnings of one of the programs that show pages."""
    done = subprocess.run(command + [page], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                          env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))
    said = done.stderr + (done.stdout if command[0] == "mandoc" else "")
    # Whether pages of other packages are here is a matter of the machine.
    said = [line for line in said.splitlines() if not re.search(r"mandoc\.db|referenced manual not found", line)]
    if not said and command[0] == "man" and "NAME" not in done.stdout:
        said = ["shows nothing, exit status %d" % done.returncode]
    return ["%s: %s" % (" ".join(command), line) for line in said]


def installed(build):
    folder = tempfile.mkdtemp(prefix="memtrace-man-")
    try:
        subprocess.run(["cmake", "--install", build, "--prefix", folder, "--component", "man"], check=True, stdout=subprocess.DEVNULL)
        return sorted(name for _, _, names in os.walk(folder) for name in names)
    finally:
        shutil.rmtree(folder)


def unseen(verbs, helps, pages, used, readme):
    """Alterations that nothing above finds."""
    out = []
    for verb in verbs:
        text, page = helps[verb], pages[verb]
        for option in help_options(text):
            bare = option[1:]
            less = re.sub(r"^(\.It Fl .*?)(?:, )?(?:Fl )?%s\b.*$" % re.escape(bare), r"\1", page, flags=re.M)
            if not options_problems(verb, text, less):
                out.append("memtrace %s: nobody misses %s in the page" % (verb, option))
            if not options_problems(verb, re.sub(r"(?<![\w-])%s(?![\w-])" % option, "", text), page):
                out.append("memtrace %s: nobody misses %s in --help" % (verb, option))
    for name in used:
        if not variables_problems(used - {name}, pages[""], readme) or \
                not variables_problems(used, re.sub(r"\.It Ev %s\n" % name, "", pages[""]), readme):
            out.append("nobody misses " + name)
    return out


def main():
    build = os.path.abspath(sys.argv[1])
    tool = os.path.join(build, "memtrace")

    def ask(*arguments):
        return subprocess.run([tool] + list(arguments), stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout

    verbs = [""] + re.findall(r"^  ([a-z]+)  +\S", ask("--help"), re.M)
    names = {verb: "memtrace%s.1" % ("-" + verb if verb else "") for verb in verbs}
    problems = []
    if sorted(names.values()) != sorted(os.listdir(PAGES)):
        problems.append("pages: %s, not %s" % (sorted(os.listdir(PAGES)), sorted(names.values())))
    if installed(build) != sorted(names.values()):
        problems.append("installed: %s" % installed(build))
    verbs = [verb for verb in verbs if os.path.exists(os.path.join(PAGES, names[verb]))]
    helps = {verb: ask(verb, "--help") if verb else ask("--help") + "  memtrace --help\n" for verb in verbs}
    pages = {verb: read(PAGES, names[verb]) for verb in verbs}
    readme = read(SOURCE, "README.md")
    used = variables_read()
    for verb in verbs:
        problems += options_problems(verb, helps[verb], pages[verb])
    problems += variables_problems(used, pages[""], readme)
    viewers = [command for command in (["mandoc", "-Tlint", "-W", "warning"], ["man", "--warnings", "-E", "UTF-8", "-l"])
               if shutil.which(command[0])]
    for command in viewers:
        for verb in verbs:
            problems += show(command, os.path.join(PAGES, names[verb]))
    if not problems:
        problems = unseen(verbs, helps, pages, used, readme)
    print("\n".join(problems) or "%d pages, %d variables" % (len(verbs), len(used)))
    if not problems and not viewers:
        print("skipped: neither mandoc nor man is here to show the pages")
        return 77
    return bool(problems)


sys.exit(main())
