# SPDX-License-Identifier: MIT
"""Real programs under the preload.

    counts.py BUILD-FOLDER [PROGRAM...]

Each program runs on its own, twice under a library that only counts (tests/programs/count_forwarder.c), and under
libmemtrace.so. Output, files and exit status must be the same in all runs, and the tracker must have counted exactly the
allocations and releases that the forwarder counted.

Some programs vary from run to run: cc1 keeps tables by address, and the tracker may be off the mean of the forwarder's two
runs by three times their difference, or 0.1 percent; redis has timers, and what these count depends on the machine. With such
programs there is one more run with both libraries at once, where the forwarder stands behind the tracker and counts the same calls: it may count at most
64 more in each process, which are the loader's, for the tracker's own libraries.

    counts.py --verify BUILD-FOLDER [PROGRAM...]

Runs each program under libmemtrace_verify.so, which takes every stack again in slower ways and says at the end how many
differ. None may.

Exit status: 0 all is as it should be; 1 a difference; 77 no program of those asked for is installed."""
import collections
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import common  # noqa: F401 (finds support)
from support.build import Build
from support.outcome import Outcome
from support.running import Failed, Skip
from workloads import ENVIRONMENT, WORKLOADS, Result


class Mode:
    """One way to run a workload: the library to preload, if any, and where its results go."""

    def __init__(self, name, folder, library=None, variables=()):
        self.name, self.folder = name, os.path.join(folder, name.replace(" ", "-"))
        os.mkdir(self.folder)
        self.environment = dict(ENVIRONMENT, COUNT_OUTPUT=self.folder, MEMTRACE_OUTPUT=self.folder + "/%e.%p.mt")
        # The same number of variables in each mode, as a program may copy them.
        self.environment["LD_PRELOAD"] = library or ""

    def traced(self, command, stdin=None, background=False, executable=None):
        with open(stdin or os.devnull, "rb") as file:
            process = subprocess.Popen(command, executable=executable, stdin=file, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=self.environment)
        if background:
            return process
        output, error = process.communicate()
        return Result(process.returncode, output, error)

    def run(self, workload):
        shutil.rmtree(workload.work, ignore_errors=True)
        os.mkdir(workload.work)
        os.chdir(workload.work)
        self.results = workload.run(self.traced)
        self.files = {}
        for folder, _, names in os.walk("."):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    data = file.read()
                if not path.endswith("/.git/index"):  # holds inode numbers and times
                    self.files[path] = (len(data), hashlib.sha256(data).hexdigest())
        os.chdir("/")


def forwarder_counts(mode):
    """Allocations and releases by program."""
    counts = collections.Counter()
    for name in os.listdir(mode.folder):
        if name.endswith(".mt"):
            continue
        with open(os.path.join(mode.folder, name), "rb") as file:
            allocations, releases = struct.unpack("=QQ", file.read(16))
        which = name.rsplit(".", 2)[0]
        counts[which, "allocations"] += allocations
        counts[which, "releases"] += releases
    return +counts


def tracker_counts(mode, build, complain):
    counts = collections.Counter()
    for name in os.listdir(mode.folder):
        if not name.endswith(".mt"):
            continue
        path = os.path.join(mode.folder, name)
        report = build.report(path)
        heap = report["classes"]["heap"]
        which = name.split(".")[0]
        counts[which, "allocations"] += heap["allocations"]
        counts[which, "releases"] += heap["releases"]
        if report["dropped_events"]:
            complain(f"{name}: {report['dropped_events']} events dropped")
        if heap["allocated_bytes"] - heap["released_bytes"] != heap["leaked_bytes"]:
            complain(f"{name}: allocated - released is not what was left: {heap}")
        for problem in build.unsound(path):
            complain(problem)
    return +counts


def compare_behaviour(plain, other, complain):
    for i, (expected, found) in enumerate(zip(plain.results, other.results)):
        for what in Result._fields:
            if getattr(expected, what) != getattr(found, what):
                complain(f"{other.name}: step {i + 1}: another {what}: {getattr(found, what)[-300:]!r}, "
                         f"not {getattr(expected, what)[-300:]!r}" if what != "status" else
                         f"{other.name}: step {i + 1}: status {found.status}, not {expected.status}; {found.error[-300:]!r}")
    for name in sorted(set(plain.files) | set(other.files)):
        if plain.files.get(name) != other.files.get(name):
            complain(f"{other.name}: file {name}: {other.files.get(name)}, not {plain.files.get(name)}")


def compare_counts(varies, first, second, tracked, complain):
    total = 0
    for key in sorted(set(first) | set(second) | set(tracked)):
        a, b, found = first[key], second[key], tracked[key]
        total += found
        if a == b and not varies:
            if found != a:
                complain(f"{key[0]}: {found:,} {key[1]}, the forwarder counted {a:,}")
            else:
                print(f"  {key[0]}: {found:,} {key[1]}, exact")
        else:
            allowed = max(3 * abs(a - b), (a + b) / 2000)
            text = f"{key[0]}: {found:,} {key[1]}; it varies: the forwarder counted {a:,} and {b:,}; {allowed:,.0f} allowed"
            if abs(found - (a + b) / 2) > allowed:
                complain(text)
            else:
                print("  " + text)
    if not total:
        complain("nothing was counted at all")


def compare_same_run(forwarded, tracked, processes, complain):
    """Both libraries counted the same run."""
    for key in sorted(set(forwarded) | set(tracked)):
        more = forwarded[key] - tracked[key]
        text = (f"{key[0]}: {tracked[key]:,} {key[1]}, the forwarder behind it in the same run {more:,} more, "
                f"in {processes[key[0]]} processes")
        if 0 <= more <= 64 * processes[key[0]]:
            print("  " + text)
        else:
            complain(text)


def check(name, build):
    """What is wrong."""
    complaints = []
    with tempfile.TemporaryDirectory(prefix="memtrace-real-") as folder:
        workload = WORKLOADS[name](folder)
        count = build.path("libcount_forwarder.so")
        modes = [Mode("plain", folder), Mode("forwarder 1", folder, count), Mode("forwarder 2", folder, count),
                 Mode("memtrace", folder, build.tracker)]
        if workload.varies:
            modes.append(Mode("both", folder, f"{build.tracker} {count}"))
        for mode in modes:
            mode.run(workload)
        for mode in modes[1:]:
            compare_behaviour(modes[0], mode, complaints.append)
        tracked = tracker_counts(modes[3], build, complaints.append)
        if not workload.has_timers:
            compare_counts(workload.varies, forwarder_counts(modes[1]), forwarder_counts(modes[2]), tracked, complaints.append)
        if workload.varies:
            forwarded = forwarder_counts(modes[4])
            processes = collections.Counter(name.split(".")[0] for name in os.listdir(modes[4].folder)
                                            if not name.endswith(".mt"))
            compare_same_run(forwarded, tracker_counts(modes[4], build, complaints.append), processes, complaints.append)
    return complaints


def verify(name, build):
    """What is wrong."""
    with tempfile.TemporaryDirectory(prefix="memtrace-real-") as folder:
        mode = Mode("verify", folder, build.path("libmemtrace_verify.so"))
        mode.run(WORKLOADS[name](folder))
    words = b"".join(result.error for result in mode.results).decode(errors="replace")
    found = re.findall(r"memtrace: (\d+) stacks verified \((\d+) of them remembered, \d+ with a Python stack\), (\d+) differ; "
                       r"(\d+) compared with the full unwinder, (\d+) differ; (\d+) by the full unwinder", words)
    stacks, whole, memo, compared, full, left = (sum(int(line[i]) for line in found) for i in range(6))
    print(f"{name}: {stacks:,} stacks again without the memo, {whole:,} of them remembered as a whole, {memo:,} differ; "
          f"{compared:,} by libunwind, {full:,} differ; {left:,} by libunwind alone")
    return ["stacks differ"] * (memo + full > 0) + ["no stack was compared"] * (compared == 0)


def main():
    arguments, task = sys.argv[1:], check
    if arguments[:1] == ["--verify"]:
        arguments, task = arguments[1:], verify
    if not arguments or any(name not in WORKLOADS for name in arguments[1:]):
        sys.exit(__doc__)
    build, outcome = Build(arguments[0]), Outcome()
    for name in arguments[1:] or WORKLOADS:
        try:
            outcome.result(name, task(name, build))
        except Skip as missing:
            outcome.skip(name, missing)
        except Failed as failed:
            outcome.result(name, [failed])
    sys.exit(outcome.status())


main()
