# SPDX-License-Identifier: MIT
"""Real programs with all their children, from start to end, with and without the preload.

    families.py BUILD-FOLDER SUBJECT...      families.py --list

What a program says and leaves behind, and its exit status, must be the same in both runs. With the preload every process
leaves a log, the programs that the subject names are among them, both readers can read every one of them, and the views of all
processes as one come to the sums of each.

Exit status: 0 all is as it should be; 1 a difference; 77 nothing of what was asked for is installed."""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from common import COMMON
from second_reader.check import check as check_log
from second_reader.log import Log
from support.build import Build
from support.outcome import Outcome
from support.running import Skip, run


class Run:
    """One run of a subject, plain or traced, in the fresh folder `work`. What must not differ is kept by say()."""

    def __init__(self, folder, library):
        self.traced = library is not None
        self.work = os.path.join(folder, "work")
        shutil.rmtree(self.work, ignore_errors=True)
        os.mkdir(self.work)
        os.chmod(self.work, 0o777)  # some subjects become nobody
        self.logs = os.path.join(folder, "logs-traced" if self.traced else "logs-plain")
        os.mkdir(self.logs)
        os.chmod(self.logs, 0o1777)
        self.said = []
        # The same names in both runs, as a program may print or copy them.
        self.environment = {
            **COMMON, "HOME": self.work, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LD_PRELOAD": library or "", "MEMTRACE_OUTPUT": self.logs + "/%e.%p.mt",
        }

    def path(self, *names):
        return os.path.join(self.work, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)

    def say(self, what, value):
        self.said.append((what, value))

    def start(self, *command, error=subprocess.DEVNULL, **more):
        """A server, to be ended by end()."""
        return subprocess.Popen(command, env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=error, **more)

    def end(self, server, number):
        server.send_signal(number)
        self.say("the server's status", server.wait())

    def command(self, *command, normalise=lambda text: text, untraced=False, cwd=None, **more):
        """Run it; its status, output and error must not differ. Returns its output."""
        environment = dict(self.environment, LD_PRELOAD="") if untraced else self.environment
        done = run(command, environment, cwd=cwd or self.work, **more)
        what = " ".join(command)[:100]
        self.say(f"status of {what}", done.status)
        self.say(f"output of {what}", normalise(done.out))
        self.say(f"error of {what}", normalise(done.err))
        return done.out


def same(plain, traced, complain):
    for (what, expected), (_, found) in zip(plain.said, traced.said):
        if expected != found:
            complain(f"{what}: {str(found)[-1500:]!r}\n    and without: {str(expected)[-1500:]!r}")
    if len(plain.said) != len(traced.said):
        complain(f"{len(traced.said)} things to compare, {len(plain.said)} without")


def program_of(log):
    """Of PROGRAM.PID.mt; a process that became the same program once more has PID.1 for its second log."""
    return re.sub(r"\.\d+(\.\d)?\.mt$", "", log)


def logs_are_sound(run, build, wanted, complain):
    """`wanted`: the least number of logs by program."""
    names = sorted(os.listdir(run.logs))
    found = collections.Counter(map(program_of, names))
    for name, least in wanted.items():
        if found[name] < least:
            complain(f"{found[name]} logs of {name}, not {least}; there are {dict(found)}")
    for problem in build.unreadable(run.logs):
        complain(problem)
    # The second reader takes seconds for a log of megabytes: of each program the smallest, the median and the largest.
    for which in found:
        logs = [os.path.join(run.logs, name) for name in names if program_of(name) == which]
        logs.sort(key=os.path.getsize)
        for path in sorted({logs[0], logs[len(logs) // 2], logs[-1]}):
            log = Log(path)
            check_log(log)
            for problem in log.problems:
                complain(f"{os.path.basename(path)}: the second reader: {problem}")
    print(f"  logs: {', '.join(f'{count} {name}' for name, count in sorted(found.items()))}")


def views_add_up(run, build, complain):
    """Each view of all processes as one comes to the sum of what report has of each."""
    def view(*arguments):
        text = build.view(*arguments, run.logs)
        return json.loads(text)

    reports = view("report", "--json")
    if not isinstance(reports, list):
        return  # there is one log

    def same_sum(what, found, name):
        expected = sum(report[name] for report in reports)
        if found != expected:
            complain(f"{what} of all processes: {name} {found}, and report's come to {expected}")

    sites = [site for site in view("sites", "--json", "-n", "0")["sites"] if site["class"] in ("heap", "anonymous", "shared")]
    for name in "allocated_bytes", "released_bytes", "live_bytes", "allocations", "releases":
        same_sum("sites", sum(site[name] for site in sites), name)
    for metric, name in ("allocated", "allocated_bytes"), ("live", "live_bytes"):
        same_sum("tree", view("tree", "--json", "--metric", metric)["nodes"][0]["total"], name)
    same_sum("report --by", view("report", "--json", "--by", "module")["table"]["total"]["allocated_bytes"], "allocated_bytes")
    leaks, each = view("leaks", "--json"), view("leaks", "--json", "--each")
    found, expected = leaks["all"]["bytes"], sum(one["all"]["bytes"] for one in each)
    if found != expected:
        complain(f"leaks of all processes: {found} bytes, and those of each come to {expected}")
    timeline = view("timeline", "--json")
    most = max(report["peak_bytes"] for report in reports)
    if not most <= timeline["peak_bytes"] <= sum(report["peak_bytes"] for report in reports):
        complain(f"timeline of all processes: {timeline['peak_bytes']} at most; one alone had {most}")


def check(subject, build):
    """What is wrong."""
    complaints = []
    with tempfile.TemporaryDirectory(prefix="memtrace-family-") as folder:
        os.chmod(folder, 0o755)
        library = os.path.join(folder, "libmemtrace.so")  # other users can't read this folder
        shutil.copy(build.tracker, library)
        subject.prepare()
        runs = []
        for preload in None, library:
            runs.append(Run(folder, preload))
            subject.run(runs[-1])
        print(f"{subject.name}: {len(runs[0].said)} things compared")
        same(*runs, complaints.append)
        if os.listdir(runs[0].logs):
            complaints.append("the plain run left logs")
        logs_are_sound(runs[1], build, subject.logs, complaints.append)
        views_add_up(runs[1], build, complaints.append)
        if complaints and os.environ.get("FAMILY_KEEP"):
            shutil.copytree(folder, os.environ["FAMILY_KEEP"], dirs_exist_ok=True)
    return complaints


def main():
    import family_programs
    import family_servers
    subjects = {subject.name: subject for subject in family_programs.SUBJECTS + family_servers.SUBJECTS}
    if sys.argv[1:] == ["--list"]:
        print("\n".join(subjects))
        return
    if len(sys.argv) < 3 or any(name not in subjects for name in sys.argv[2:]):
        sys.exit(__doc__)
    outcome = Outcome()
    for name in sys.argv[2:]:
        try:
            outcome.result(name, check(subjects[name](), Build(sys.argv[1])))
        except Skip as missing:
            outcome.skip(name, missing)
    sys.exit(outcome.status())


if __name__ == "__main__":
    main()
