# SPDX-License-Identifier: MIT
"""Real programs under the preload.

    run.py BUILD-FOLDER [PROGRAM...]        jq sqlite3 perl git cc1 cc1-O1 redis

Each program runs on its own, twice under a library that only counts (tests/programs/count_forwarder.c), and under
libmemtrace.so. Output, files and exit status must be the same in all runs, and the tracker must have counted exactly the
allocations and releases that the forwarder counted.

Some programs vary from run to run: cc1 keeps tables by address, redis has timers, threads and clients. With these the tracker
may be off the mean of the forwarder's two runs by three times their difference, or 0.1 percent; and there is one more run
with both libraries at once, where the forwarder stands behind the tracker and counts the same calls: it may count at most
64 more in each process, which are the loader's, for the tracker's own libraries.

    run.py --verify BUILD-FOLDER [PROGRAM...]

Runs each program under libmemtrace_verify.so, which takes every stack again in slower ways and says at the end how many
differ. None may.

Exit status: 0 all is as it should be; 1 a difference; 77 no program of those asked for is installed."""

import collections
import hashlib
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

# Nothing from outside may make one run differ from the next.
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PERL_HASH_SEED": "0",
    "PERL_PERTURB_KEYS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_PAGER": "cat",
    "MEMTRACE_PYTHON_OBJECTS": "0",  # the forwarder does not see them
}
for name in "AUTHOR", "COMMITTER":
    ENVIRONMENT.update({f"GIT_{name}_NAME": "a", f"GIT_{name}_EMAIL": "a@example.org",
                        f"GIT_{name}_DATE": "2020-01-01T00:00:00Z"})

SECOND_READER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "second_reader.py")

Result = collections.namedtuple("Result", "status output error")


class Missing(Exception):
    pass


def program(*names):
    for name in names:
        path = shutil.which(name, path=ENVIRONMENT["PATH"])
        if path:
            return path
    raise Missing(names[0])


class Workload:
    """prepare() makes the input in self.input, once, without any preload. run(traced) works in the fresh folder
    self.work and returns what must not differ; `traced` is subprocess.run's like, for commands under the preload."""

    varies = False  # known to allocate more or less often from run to run

    def __init__(self, folder):
        self.input = os.path.join(folder, "input")
        self.work = os.path.join(folder, "work")
        os.mkdir(self.input)
        self.prepare()

    def path(self, name):
        return os.path.join(self.input, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def plain(self, *command, cwd=None):
        subprocess.run(command, check=True, cwd=cwd or self.input, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)


def words(rng, count):
    return " ".join("".join(rng.choices("abcdefghijklmnopqrst", k=rng.randint(2, 9))) for _ in range(count))


class Jq(Workload):
    """20 MB of JSON, read, grouped and printed."""

    def prepare(self):
        self.program = program("jq")
        rng = random.Random(1)
        rows, size = [], 0
        while size < 20_000_000:
            row = json.dumps({
                "id": len(rows), "name": words(rng, 2), "tags": words(rng, 6).split(),
                "value": round(rng.random() * 1e6, 3), "text": words(rng, 25),
                "nested": {"a": [rng.randint(0, 999) for _ in range(8)], "b": {"deep": rng.random() < 0.5}},
            })
            rows.append(row)
            size += len(row) + 2
        self.write("data.json", "[" + ",\n".join(rows) + "]\n")

    def run(self, traced):
        query = "group_by(.nested.a[0] % 10) | map({n: length, v: (map(.value) | add), t: (map(.tags[0]) | unique | length)})"
        return [traced([self.program, query, self.path("data.json")]),
                traced([self.program, ".", self.path("data.json")]),
                traced([self.program, ".[", self.path("data.json")])]  # a syntax error: status 3


class Sqlite3(Workload):
    def prepare(self):
        self.program = program("sqlite3")
        self.write("script.sql", """
            CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, v REAL);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
              INSERT INTO t SELECT i, 'key' || (i * 7919 % 100003), i * 0.5 FROM n;
            CREATE INDEX tk ON t(k);
            SELECT substr(k, 1, 5), count(*), sum(v), group_concat(id) FROM t GROUP BY 1 ORDER BY 1 LIMIT 40;
            UPDATE t SET k = k || '-' || id WHERE id % 3 = 0;
            DELETE FROM t WHERE id % 5 = 0;
            SELECT count(*), max(k), total(v) FROM t;
            SELECT a.id, b.k FROM t a JOIN t b ON b.k = 'key' || a.id ORDER BY a.id LIMIT 1000;
            VACUUM;
            SELECT * FROM no_such_table;
            """)

    def run(self, traced):
        return [traced([self.program, "file.db"], stdin=self.path("script.sql"))]


class Perl(Workload):
    def prepare(self):
        self.program = program("perl")
        rng = random.Random(2)
        self.write("text.txt", "".join(words(rng, 12) + "\n" for _ in range(30000)))
        self.write("script.pl", r"""
            use strict; use warnings;
            my (%count, @long, $n);
            while (my $line = <STDIN>) {
                chomp $line;
                $count{$_}++ for split / /, $line;
                push @long, join('-', reverse split //, $1) while $line =~ /(\w{8,})/g;
                $n += length($line =~ s/([aeiou])/<$1>/gr);
            }
            my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
            printf "%s %d\n", $_, $count{$_} for @top[0 .. 99];
            printf "%d words, %d long, %d\n", scalar keys %count, scalar @long, $n;
            print substr(join(',', sort @long), 0, 2000), "\n";
            warn "to standard error\n";
            exit 3;
            """)

    def run(self, traced):
        return [traced([self.program, self.path("script.pl")], stdin=self.path("text.txt"))]


class Git(Workload):
    """History, packing (a child process) and checking of a repository."""

    def prepare(self):
        self.program = program("git")
        rng = random.Random(3)
        repository = self.path("repository")
        os.mkdir(repository)
        self.plain(self.program, "init", "--quiet", ".", cwd=repository)
        stream = []
        files = {f"dir{i % 7}/file{i}.txt": [words(rng, 8) for _ in range(60)] for i in range(60)}
        for commit in range(150):
            message = f"commit {commit}\n"
            stream.append(f"commit refs/heads/main\ncommitter a <a@example.org> {1577836800 + commit} +0000\n"
                          f"data {len(message)}\n{message}")
            for name in rng.sample(sorted(files), 60 if commit == 0 else 5):
                files[name][rng.randrange(60)] = words(rng, 8)
                text = "\n".join(files[name]) + "\n"
                stream.append(f"M 644 inline {name}\ndata {len(text)}\n{text}")
        subprocess.run([self.program, "fast-import", "--quiet"], input="\n".join(stream) + "\n", text=True, check=True,
                       cwd=repository, env=ENVIRONMENT)
        self.plain(self.program, "reset", "--quiet", "--hard", "main", cwd=repository)

    def run(self, traced):
        shutil.copytree(self.path("repository"), "r")
        git = [self.program, "-C", "r", "-c", "pack.threads=1", "-c", "core.preloadIndex=false", "-c", "gc.auto=0",
               "-c", "index.threads=1"]
        return [traced(git + ["log", "-p", "--stat", "-M", "main"]),
                traced(git + ["repack", "-adfq"]),
                traced(git + ["fsck", "--no-progress"]),
                traced(git + ["grep", "--threads=1", "-c", "abc", "main"]),
                traced(git + ["show", "no-such-revision"])]


class Cc1(Workload):
    """The C compiler proper, on a preprocessed file."""

    options = ("-O0", "-g")
    varies = True

    def prepare(self):
        gcc = program("gcc")
        self.program = subprocess.run([gcc, "-print-prog-name=cc1"], stdout=subprocess.PIPE, text=True).stdout.strip()
        if not os.path.exists(self.program):
            raise Missing("cc1")
        rng = random.Random(4)
        text = ["#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n"]
        for i in range(250):
            a, b, c = (rng.randint(1, 99) for _ in range(3))
            text.append(f"""
                struct s{i} {{ int a[{a}]; double d; struct s{i} *next; }};
                static int f{i}(struct s{i} *p, int n)
                {{
                    int sum = {b};
                    for (int k = 0; k < n; k++) {{
                        switch ((p->a[k % {a}] + k) % 7) {{
                        case 0: sum += k * {c}; break;
                        case 1: sum ^= {f"f{i - 1}(NULL, k - 1)" if i else "1"}; break;
                        case 2: p->d += sum * {b}.5; /* fall through */
                        case 3: sum -= p->next ? (int)p->next->d : {c}; break;
                        default: sum = (sum << 3) | (sum >> 29);
                        }}
                        if (!p) return (int)strlen("text {i}") + sum;
                    }}
                    printf("%d %f\\n", sum, p->d);
                    return sum;
                }}""")
        text.append("int main(void) { struct s249 s = {{0}, 1.0, NULL}; return f249(&s, 100); }\n")
        self.write("source.c", "\n".join(text))
        self.plain(gcc, "-E", "source.c", "-o", "source.i")

    def run(self, traced):
        return [traced([self.program, "-fpreprocessed", self.path("source.i"), "-quiet", *self.options,
                        "-frandom-seed=1", "-o", "out.s"]),
                traced([self.program, "-fpreprocessed", "-quiet", self.path("no-such-file.i"), "-o", "none.s"])]


class Cc1O1(Cc1):
    options = ("-O1", "-g")


class Redis(Workload):
    """A server with jemalloc and threads, a benchmark against it, and questions whose answers are known. The server is the
    redis-check-rdb program under another name: so Debian's package with the tools is enough, and no server of the
    system's is started."""

    varies = True

    def prepare(self):
        self.server = program("redis-check-rdb")
        self.client, self.benchmark = program("redis-cli"), program("redis-benchmark")
        rng = random.Random(5)
        lines = ["flushall"]
        for i in range(5000):
            key, value = rng.randint(0, 999), words(rng, rng.randint(1, 20)).replace(" ", "_")
            lines.append(rng.choice([f"set s:{key} {value}", f"rpush l:{key % 50} {value}", f"hset h:{key % 50} f{key} {value}",
                                     f"append s:{key} {value}", f"sadd u:{key % 20} {value}", f"del s:{key}",
                                     f"zadd z:{key % 9} {key} {value}", f"get s:{key}", f"lrange l:{key % 50} 0 5"]))
        lines += ["dbsize"] + [f"lrange l:{i} 0 -1" for i in range(50)] + [f"zrange z:{i} 0 -1" for i in range(9)]
        self.write("commands", "\n".join(lines) + "\n")

    def ask(self, *command, stdin=None):
        with open(stdin or os.devnull) as file:
            return subprocess.run([self.client, "-s", self.socket, *command], stdin=file, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, env=ENVIRONMENT).stdout

    def run(self, traced):
        self.socket = os.path.join(self.work, "s")
        server = traced(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
                         "--daemonize", "no", "--logfile", os.path.join(self.work, "log"), "--enable-debug-command", "yes",
                         "--hz", "10"],
                        executable=self.server, background=True)
        try:
            while server.poll() is None and self.ask("ping").strip() != b"PONG":
                time.sleep(0.05)
            answers = self.ask(stdin=self.path("commands"))
            # One request after the other, the same in every run but for the keys' random numbers.
            subprocess.run([self.benchmark, "-s", self.socket, "-n", "20000", "-c", "4", "-r", "1000", "-q",
                            "-t", "set,get,incr,lpush,rpop,sadd,hset,spop,zadd"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
            self.ask("flushall")
            answers += self.ask(stdin=self.path("commands"))
            answers += self.ask("debug", "digest")
            self.ask("shutdown", "nosave")
            status = server.wait()
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        os.unlink("log")  # holds process numbers and times
        return [Result(status, answers, server.stderr.read())]


class Python(Workload):
    """For the verification: Python and native stacks in turn, in threads and generators, deep and shallow."""

    varies = True  # addresses decide how sets and dictionaries of objects grow

    def prepare(self):
        self.write("script.py", r"""
import itertools, json, re, threading, zlib

def tree(depth):
    return {"l": tree(depth - 1), "r": [depth] * 40} if depth else bytes(700)

def pieces(data):
    for i in range(0, len(data), 600):
        yield zlib.compress(data[i:i + 600] + bytes(600))

def work(n):
    for i in range(n):
        text = json.dumps(tree(1 + i % 60), default=len)
        assert len(json.loads(text)["r"]) == 40
        total = sum(map(len, pieces(text.encode())))
        blocks = sorted((bytearray(600 + k) for k in range(20)), key=lambda b: re.sub(r"x+", "y" * 600, "x" + str(len(b))))
    return total, len(blocks)

results = []
threads = [threading.Thread(target=lambda n=n: results.append(work(n))) for n in (150, 151, 152)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(results))
""")

    def run(self, traced):
        return [traced([sys.executable, self.path("script.py")])]


WORKLOADS = {"jq": Jq, "sqlite3": Sqlite3, "perl": Perl, "git": Git, "cc1": Cc1, "cc1-O1": Cc1O1, "redis": Redis,
             "python": Python}


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
        began = time.monotonic()
        self.results = workload.run(self.traced)
        self.seconds = time.monotonic() - began
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


def tracker_counts(mode, memtrace, complain):
    counts = collections.Counter()
    for name in os.listdir(mode.folder):
        if not name.endswith(".mt"):
            continue
        path = os.path.join(mode.folder, name)
        report = subprocess.run([memtrace, "report", "--json", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if report.returncode != 0:
            complain(f"memtrace report {name}: status {report.returncode}: {report.stderr.decode()}")
            continue
        report = json.loads(report.stdout)
        heap = report["classes"]["heap"]
        which = name.split(".")[0]
        counts[which, "allocations"] += heap["allocations"]
        counts[which, "releases"] += heap["releases"]
        if report["dropped_events"]:
            complain(f"{name}: {report['dropped_events']} events dropped")
        if heap["allocated_bytes"] - heap["released_bytes"] != heap["live_bytes"]:
            complain(f"{name}: allocated - released is not live: {heap}")
        second = subprocess.run([sys.executable, SECOND_READER, "--compare", memtrace, path], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)
        if second.returncode != 0:
            complain(f"{name}: the second reader says {second.returncode}: {second.stderr.decode()[-500:]}")
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
    """The number of complaints."""
    complaints = []

    def complain(text):
        complaints.append(text)
        print(f"  WRONG: {text}")

    with tempfile.TemporaryDirectory(prefix="memtrace-real-") as folder:
        workload = WORKLOADS[name](folder)
        count, tracker, memtrace = (os.path.join(build, name)
                                    for name in ("libcount_forwarder.so", "libmemtrace.so", "memtrace"))
        modes = [Mode("plain", folder), Mode("forwarder 1", folder, count), Mode("forwarder 2", folder, count),
                 Mode("memtrace", folder, tracker)]
        if workload.varies:
            modes.append(Mode("both", folder, f"{tracker} {count}"))
        for mode in modes:
            mode.run(workload)
        print(f"{name}: {', '.join(f'{mode.name} {mode.seconds:.2f} s' for mode in modes)}")
        for mode in modes[1:]:
            compare_behaviour(modes[0], mode, complain)
        compare_counts(workload.varies, forwarder_counts(modes[1]), forwarder_counts(modes[2]),
                       tracker_counts(modes[3], memtrace, complain), complain)
        if workload.varies:
            forwarded = forwarder_counts(modes[4])
            processes = collections.Counter(name.split(".")[0] for name in os.listdir(modes[4].folder)
                                            if not name.endswith(".mt"))
            compare_same_run(forwarded, tracker_counts(modes[4], memtrace, complain), processes, complain)
    return len(complaints)


def verify(name, build):
    """The number of complaints."""
    with tempfile.TemporaryDirectory(prefix="memtrace-real-") as folder:
        mode = Mode("verify", folder, os.path.join(build, "libmemtrace_verify.so"))
        mode.run(WORKLOADS[name](folder))
    words = b"".join(result.error for result in mode.results).decode(errors="replace")
    found = re.findall(r"memtrace: (\d+) stacks verified \((\d+) of them remembered, \d+ with a Python stack\), (\d+) differ; (\d+) compared with the full unwinder, (\d+) differ; "
                       r"(\d+) by the full unwinder", words)
    stacks, whole, memo, compared, full, left = (sum(int(line[i]) for line in found) for i in range(6))
    print(f"{name}: {stacks:,} stacks again without the memo, {whole:,} of them remembered as a whole, {memo:,} differ; {compared:,} by libunwind, {full:,} differ; "
          f"{left:,} by libunwind alone; {mode.seconds:.2f} s")
    return (memo != 0) + (full != 0) + (compared == 0)


def main():
    arguments, task = sys.argv[1:], check
    if arguments[:1] == ["--verify"]:
        arguments, task = arguments[1:], verify
    if not arguments or any(name not in WORKLOADS for name in arguments[1:]):
        sys.exit(__doc__)
    build = os.path.abspath(arguments[0])
    wrong = ran = 0
    for name in arguments[1:] or WORKLOADS:
        try:
            wrong += task(name, build)
            ran += 1
        except Missing as missing:
            print(f"{name}: skipped, {missing} is not installed")
    sys.exit(1 if wrong else 0 if ran else 77)


main()
