# SPDX-License-Identifier: MIT
"""Real programs from their beginning to their end, with all their children, without the preload and with it.

    run.py BUILD-FOLDER SUBJECT...      run.py --list

What a program says and leaves behind, and its exit status, must be the same in both runs. With the preload every process
leaves a log, the programs that the subject names are among them, and both readers can read every one of them.

Exit status: 0 all is as it should be; 1 a difference; 77 nothing of what was asked for is installed."""
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
NOBODY = 65534


class Missing(Exception):
    """The Debian package that has what is not here."""


def program(name, package, *folders):
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, name))):
            return path
    path = shutil.which(name, path=PATH)
    if not path:
        raise Missing(f"{name} (Debian: {package})")
    return path


def interpreter(package, *modules):
    """A CPython that has these modules: ours, or the system's."""
    for path in sys.executable, "/usr/bin/python3":
        if os.access(path, os.X_OK) and subprocess.run([path, "-c", "import " + ", ".join(modules)], cwd="/",
                                                       stderr=subprocess.DEVNULL).returncode == 0:
            return path
    raise Missing(f"Python's {' or '.join(modules)} (Debian: {package})")


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
            "PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": self.work, "PERL_HASH_SEED": "0", "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1", "LD_PRELOAD": library or "", "MEMTRACE_OUTPUT": self.logs + "/%e.%p.mt",
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
        done = subprocess.run(command, env=environment, cwd=cwd or self.work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **more)
        what = " ".join(command)[:100]
        self.say(f"status of {what}", done.returncode)
        self.say(f"output of {what}", normalise(done.stdout))
        self.say(f"error of {what}", normalise(done.stderr))
        return done.stdout


def wait_until(server, ready):
    """Until the server answers; that it ends instead is told by what follows."""
    while server.poll() is None and not ready():
        time.sleep(0.05)


def same(plain, traced, complain):
    for (what, expected), (_, found) in zip(plain.said, traced.said):
        if expected != found:
            complain(f"{what}: {str(found)[-1500:]!r}\n    and without: {str(expected)[-1500:]!r}")
    if len(plain.said) != len(traced.said):
        complain(f"{len(traced.said)} things to compare, {len(plain.said)} without")


def program_of(log):
    """Of PROGRAM.PID.mt; a process that became the same program once more has PID.1 for its second log."""
    return re.sub(r"\.\d+(\.\d)?\.mt$", "", log)


def logs_are_sound(run, memtrace, wanted, complain):
    """`wanted`: the least number of logs by program."""
    names = sorted(os.listdir(run.logs))
    found = collections.Counter(map(program_of, names))
    for name, least in wanted.items():
        if found[name] < least:
            complain(f"{found[name]} logs of {name}, not {least}; there are {dict(found)}")
    for name in names:
        report = subprocess.run([memtrace, "report", "--json", os.path.join(run.logs, name)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=dict(os.environ, XDG_CACHE_HOME=os.path.dirname(run.work)), text=True)
        if report.returncode:
            complain(f"memtrace report {name}: status {report.returncode}: {report.stderr}")
    # The second reader takes seconds for a log of megabytes: of each program the smallest, the median and the largest.
    some = []
    for which in found:
        logs = [os.path.join(run.logs, name) for name in names if program_of(name) == which]
        logs.sort(key=os.path.getsize)
        some += sorted({logs[0], logs[len(logs) // 2], logs[-1]})
    second = subprocess.run([sys.executable, os.path.join(TESTS, "second_reader.py"), *some],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if second.returncode:
        complain(f"the second reader says {second.returncode}: {second.stderr[-1500:]}")
    print(f"  logs: {', '.join(f'{count} {name}' for name, count in sorted(found.items()))}")


def check(subject, build):
    """The number of complaints."""
    complaints = []

    def complain(text):
        complaints.append(text)
        print(f"  WRONG: {text}", flush=True)

    with tempfile.TemporaryDirectory(prefix="memtrace-e2e-") as folder:
        os.chmod(folder, 0o755)
        library = os.path.join(folder, "libmemtrace.so")  # where nobody can read it
        shutil.copy(os.path.join(build, "libmemtrace.so"), library)
        subject.prepare()
        runs, seconds = [], []
        for preload in None, library:
            began = time.monotonic()
            run = Run(folder, preload)
            subject.run(run)
            runs.append(run)
            seconds.append(time.monotonic() - began)
        print(f"{subject.name}: plain {seconds[0]:.1f} s, traced {seconds[1]:.1f} s, {len(runs[0].said)} things compared")
        same(*runs, complain)
        if os.listdir(runs[0].logs):
            complain("the plain run left logs")
        logs_are_sound(runs[1], os.path.join(build, "memtrace"), subject.logs, complain)
        if complaints and os.environ.get("E2E_KEEP"):
            shutil.copytree(folder, os.environ["E2E_KEEP"], dirs_exist_ok=True)
    return len(complaints)


def main():
    import programs
    import servers
    subjects = {subject.name: subject for subject in programs.SUBJECTS + servers.SUBJECTS}
    if sys.argv[1:] == ["--list"]:
        print("\n".join(subjects))
        return
    if len(sys.argv) < 3 or any(name not in subjects for name in sys.argv[2:]):
        sys.exit(__doc__)
    wrong = ran = 0
    for name in sys.argv[2:]:
        try:
            wrong += check(subjects[name](), os.path.abspath(sys.argv[1]))
            ran += 1
        except Missing as missing:
            print(f"{name}: skipped, there is no {missing}")
    sys.exit(1 if wrong else 0 if ran else 77)


if __name__ == "__main__":
    sys.modules["run"] = sys.modules["__main__"]  # the subjects' import of this file
    main()
