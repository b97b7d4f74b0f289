# SPDX-License-Identifier: MIT
"""The rise of every line and function against the truth: programs that record their events with their whole logical stacks.

    run.py [OPTION...] BUILD-FOLDER CC CXX SUBJECT...
    run.py --list                 the subjects: the programs, by name

A subject is a program (programs/NAME.c or .cc, compiled in several ways), FIRST-LAST@LEVEL (random programs by number, see
generate.py, compiled with -LEVEL), or self-check (the comparison notices a planted wrong figure).

    --from-log    the figures come from the log by from_log.py, not from `memtrace report`
    --keep FOLDER where everything is made and stays

Each figure must be equal. One that the report marks as a lower bound may be lower than the truth, by what the log allows
(from_log.py); how many are marked is said. Exit status: 0 all is right, 1 not, 77 a compiler is missing for what was asked."""
import argparse
import gc
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import from_log  # noqa: E402
import generate  # noqa: E402
import oracle  # noqa: E402

USUAL = ["-O0", "-O2", "-O3"]
AT_A_TIME = 5   # random programs in one process
IN_A_FILE = 25  # ... and in one source file
# Ways to compile: all are -g. Where it says nothing: USUAL.
WAYS = {
    "inlined": USUAL + ["-O2 -finline-limit=5000 -finline-functions", "-Os"],
    "interpreter": USUAL + ["-O2 -fno-jump-tables", "-O1"],
    "parts": ["-O0", "-O2", "-O2 -flto", "-O3 -flto"],
    "recursion": USUAL + ["-O3 -fomit-frame-pointer"],
    "templates": USUAL + ["-O2 -flto"],
    "turns": USUAL + ["-O2 -fomit-frame-pointer", "-Og", "-O2 -flto"],
    "unrolled": ["-O0", "-O2", "-O3 -funroll-loops"],
}
# Further files of a program, each with options of its own; *.so: a shared library made of that file.
PARTS = {
    "nolines": {"nolines_far.c": "-g0"},
    "parts": {"parts_other.c": ""},
    "library": {"library_callback.c": "so"},
    "containers": {"operators.cc": ""},
    "callbacks": {"operators.cc": ""},
}
AS_ONE = {p for parts in PARTS.values() for p in parts}


def subjects():
    files = {os.path.basename(f) for f in glob.glob(os.path.join(HERE, "programs", "*.c*"))} - AS_ONE
    return sorted(os.path.splitext(f)[0] for f in files)


class Failed(Exception):
    pass


class Place:
    """Where things are, and what was counted."""

    def __init__(self, options):
        self.build = os.path.abspath(options.build)
        self.compilers = {".c": options.cc, ".cc": options.cxx}
        self.folder, self.use_log = options.keep, options.from_log
        self.programs = self.figures = self.marked = self.lower = self.wrong = 0

    def run(self, command, **more):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        if done.returncode:
            raise Failed(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def compile(self, sources, way, exe):
        """`sources`: {file: options of its own}. The recorder itself is always the same."""
        base = ["-g", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-I", HERE, *way.split()]
        objects, libraries, language = [], [], ".c"
        for source, own in {**sources, os.path.join(HERE, "oracle.c"): "-O2 -fno-lto"}.items():
            kind = os.path.splitext(source)[1]
            language = max(language, kind)
            out = f"{exe}.{os.path.basename(source)}"
            if own == "so":
                self.run([self.compilers[kind], *base, "-shared", "-fPIC", source, "-o", out + ".so"])
                libraries.append(out + ".so")
            else:
                self.run([self.compilers[kind], *base, *own.split(), "-c", source, "-o", out + ".o"])
                objects.append(out + ".o")
        self.run([self.compilers[language], "-g", *way.split(), "-rdynamic", *objects, *libraries, "-lpthread", "-o", exe])

    def trace(self, exe, *arguments):
        """The events that it recorded, and its log."""
        log, events = ("-".join(map(str, (exe, *arguments))) + end for end in (".mt", ".events"))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MEMTRACE_")}
        environment.update(LD_PRELOAD=os.path.join(self.build, "libmemtrace.so"), MEMTRACE_OUTPUT=log, MEMTRACE_QUIET="1",
                           ORACLE_OUTPUT=events)
        for name in log, events:
            if os.path.exists(name):
                os.unlink(name)
        self.run([exe, *map(str, arguments)], env=environment)
        return oracle.events(events), log

    def reported(self, log):
        """({line: (rise, how high it may be)}, {function: the same}) of what the report says."""
        environment = dict(os.environ, MEMTRACE_CACHE="0")
        report = json.loads(self.run([os.path.join(self.build, "memtrace"), "report", "--json", log], env=environment))
        lines, functions = {}, {}
        for row in report["lines"]:
            put(lines, (*name_of(row), row["line"] or 0), row)
        for row in report["functions"]:
            put(functions, name_of(row), row)
        return lines, functions


def name_of(row):
    return oracle.base_name(row["function"] or "?"), os.path.basename(row["file"]) if row["file"] else None


def put(table, key, row):
    figure = row["rise_bytes"], row["rise_most_bytes"]
    if row["rise_at_least"] != (figure[1] > figure[0]):
        raise Failed(f"{key}: {figure} and rise_at_least {row['rise_at_least']}")
    # None: two of one name; only a problem where the program has such a one.
    table[key] = None if table.get(key, figure) != figure else figure


def compare(place, true, said, allowed):
    """What is wrong, of all lines or of all functions. `said`: of each, (what it rose at least, and at most); `allowed`: the same, as
    far as the log tells."""
    wrong = []
    files = {key[1] for key in true if key[1]}
    for key in sorted(true.keys() | {k for k in said if k[1] in files}, key=str):
        got = said.get(key)
        if key not in true:
            wrong.append(f"{key}: is said to have happened: {got}")
            continue
        place.figures += 1
        if not got:
            wrong.append(f"{key}: truth {true[key]}, but there is no such row, or two that differ")
        elif got[0] == got[1] != true[key]:
            wrong.append(f"{key}: truth {true[key]}, said is {got[0]}")
        elif got[0] < got[1]:
            highest = min(got[1], allowed.get(key, (0, 0))[1])
            place.marked += 1
            place.lower += got[0] < true[key]
            if not got[0] <= true[key] <= highest:
                wrong.append(f"{key}: truth {true[key]}, at least {got[0]} is said, at most {got[1]}; by the log {highest}")
    return wrong


def check(place, exe, runs):
    """`runs`: title -> the program's arguments."""
    traced = [(title, *place.trace(exe, *arguments)) for title, arguments in runs.items()]
    traced = [(title, recorded, log, from_log.Log(log)) for title, recorded, log in traced]
    folder = os.path.dirname(os.path.realpath(exe))
    known = from_log.learn([read for *_, read in traced], folder)
    return all([check_run(place, title, recorded, log, from_log.rises(read, folder, known)) for title, recorded, log, read in traced])


def check_run(place, title, recorded, log, allowed):
    said = allowed if place.use_log else place.reported(log)
    wrong = [text for parts in zip(oracle.truth(recorded), said, allowed) for text in compare(place, *parts)]
    place.wrong += len(wrong)
    for text in wrong[:20]:
        print(f"WRONG: {title}: {text}")
    return not wrong


def check_program(place, name):
    good = True
    for way in WAYS.get(name, USUAL):
        title = f"{name} {way}"
        exe = os.path.join(place.folder, title.replace(" ", ""))
        sources = {next(iter(glob.glob(os.path.join(HERE, "programs", name + ".c*")))): ""}
        sources.update({os.path.join(HERE, "programs", f): own for f, own in PARTS.get(name, {}).items()})
        place.compile(sources, way, exe)
        good &= check(place, exe, {title: ()})
        place.programs += 1
    return good


def check_random(place, first, last, level):
    good = True
    for start in range(first, last + 1, IN_A_FILE):
        end = min(start + IN_A_FILE - 1, last)
        exe = os.path.join(place.folder, f"random-{start}-{level}")
        with open(exe + ".c", "w") as file:
            file.write(generate.source(start, end))
        # Nothing here reads where variables are, and to work it out takes a fifth of the compiler's time.
        place.compile({exe + ".c": "-Wno-unused-function -fno-var-tracking"}, "-" + level, exe)
        parts = [(n, min(n + AT_A_TIME - 1, end)) for n in range(start, end + 1, AT_A_TIME)]
        good &= check(place, exe, {f"random {n} to {last} -{level}": (n, last) for n, last in parts})
        place.programs += end - start + 1
        for name in glob.glob(exe + "*"):
            if good:
                os.unlink(name)
    return good


def self_check(place):
    """Every kind of wrong figure must be noticed, and nothing else."""
    exe = os.path.join(place.folder, "self-check")
    place.compile({os.path.join(HERE, "programs", "turns.c"): ""}, "-O0", exe)
    recorded, _ = place.trace(exe)
    for true in oracle.truth(recorded):
        right = {k: (rise, rise) for k, rise in true.items()}
        marked = {k: (rise // 2, rise + 5) for k, rise in true.items()}
        planted = [("nothing", right, 0), ("everything marked", marked, 0)]
        for key, rise in true.items():
            planted += [(f"{key} {what}", {**right, key: figure}, 1) for what, figure in (
                ("too high", (rise + 1, rise + 1)), ("too low", (rise - 1, rise - 1)), ("missing", None),
                ("too high though marked", (rise + 1, rise + 9)), ("too low though marked", (rise - 2, rise - 1)))]
        planted.append(("what never happened", {**right, ("keep", "turns.c", 1): (5, 5)}, 1))
        for what, said, expected in planted:
            if len(compare(place, true, said, right)) != expected:
                raise Failed(f"planted: {what}: not noticed, or more than that")
        highest = max(true, key=true.get)
        few = {**right, highest: (0, true[highest] - 1)}
        if not compare(place, true, {**right, highest: (0, true[highest])}, few):
            raise Failed("planted: a truth above what the log allows: not noticed")
    place.figures = place.marked = place.lower = 0
    return True


def check_subject(place, subject):
    if subject == "self-check":
        return self_check(place)
    if "@" in subject:
        numbers, level = subject.split("@")
        first, last = map(int, numbers.split("-"))
        return check_random(place, first, last, level)
    return check_program(place, subject)


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(subjects()))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from-log", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("build")
    parser.add_argument("cc")
    parser.add_argument("cxx")
    parser.add_argument("subjects", nargs="+")
    options = parser.parse_args()
    gc.disable()  # no cycles are made
    if not all(map(shutil.which, (options.cc, options.cxx, "llvm-symbolizer"))):
        return 77
    with tempfile.TemporaryDirectory() as folder:
        options.keep = os.path.realpath(options.keep or folder)
        os.makedirs(options.keep, exist_ok=True)
        place, good = Place(options), True
        for subject in options.subjects:
            try:
                good &= check_subject(place, subject)
            except (Failed, oracle.Ambiguous) as e:
                print(f"WRONG: {subject}: {e}")
                good = False
    print(f"{place.programs} programs, {place.figures} figures, {place.marked} marked as lower bounds ({place.lower} of them are "
          f"lower), {place.wrong} wrong")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
