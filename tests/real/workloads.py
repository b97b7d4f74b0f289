# SPDX-License-Identifier: MIT
"""Single programs at work on inputs that are always the same."""
import collections
import json
import os
import random
import shutil
import subprocess
import sys

from common import COMMON, GIT, REDIS, program, wait_until
from support.running import Skip

# Nothing from outside may make one run differ from the next.
ENVIRONMENT = {
    **COMMON,
    "PERL_PERTURB_KEYS": "0",
    **GIT,
    "MEMTRACE_PYTHON_OBJECTS": "0",  # the forwarder does not see them
}

Result = collections.namedtuple("Result", "status output error")


class Workload:
    """prepare() makes the input in self.input, once, without any preload. run(traced) works in the fresh folder
    self.work and returns what must not differ; `traced` is subprocess.run's like, for commands under the preload."""

    varies = False  # known to allocate more or less often from run to run
    has_timers = False  # by how much depends on the time that it takes

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
        self.program = program("jq", "jq")
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
        self.program = program("sqlite3", "sqlite3")
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
        self.program = program("perl", "perl")
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
        self.program = program("git", "git")
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
        gcc = program("gcc", "gcc")
        self.program = subprocess.run([gcc, "-print-prog-name=cc1"], stdout=subprocess.PIPE, text=True).stdout.strip()
        if not os.path.exists(self.program):
            raise Skip("there is no cc1")
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
    """A server with jemalloc and threads, a benchmark against it, and questions whose answers are known."""

    varies = has_timers = True

    def prepare(self):
        self.server, self.client, self.benchmark = (program(name, "redis-tools") for name in REDIS)
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
            wait_until(server, lambda: self.ask("ping").strip() == b"PONG")
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
