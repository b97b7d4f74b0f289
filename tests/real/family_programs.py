# SPDX-License-Identifier: MIT
"""Subjects that run to their end by themselves."""
import os
import re

from common import GIT, program
from support.pythons import with_modules


class Multiprocessing:
    """Pools whose children call BLAS, which has threads of its own in the parent: what crashed the author's %memit."""

    name = "multiprocessing"
    logs = {"python3": 10}

    def prepare(self):
        self.python = os.path.realpath(with_modules("numpy"))
        self.logs = {os.path.basename(self.python): 10}

    def run(self, run):
        run.write("pool.py", """
import multiprocessing, sys
import numpy as np

def product(seed):
    rng = np.random.RandomState(seed)
    a, b = (rng.randint(0, 9, (300, 300)).astype(float) for _ in range(2))  # whole numbers: sums in any order are exact
    return int(np.dot(a, b).sum()), int(np.linalg.matrix_rank(a[:40, :40]))

def waits(pipe):
    pipe.send(product(5))
    while True:
        product(6)

def fails(seed):
    raise ValueError(seed)

if __name__ == '__main__':
    said = [product(0)]                 # BLAS starts its threads before the fork
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3, maxtasksperchild=4) as pool:
        said.append(pool.map(product, range(24), chunksize=2))
        try:
            pool.apply(fails, (7,))
        except ValueError as error:
            said.append(repr(error))
        shared = pool.map_async(product, [1, 2])
        said.append(shared.get())
        pool.close()
        pool.join()
    print(*said, sep="\\n")  # not before: a thread of the pool forks, and the child would print what is not written yet
    process = context.Process(target=sys.exit, args=(3,))
    process.start()
    process.join()
    print(process.exitcode)
    ours, theirs = context.Pipe()
    process = context.Process(target=waits, args=(theirs,))
    process.start()
    print(ours.recv())
    process.kill()
    process.join()
    print(process.exitcode)
""")
        for mode in "fork", "spawn", "forkserver":
            run.command(self.python, "pool.py", mode)


class Make:
    """make -j4 of a library and a program: sh, gcc, cc1, as, ar, collect2 and ld, several at a time."""

    name = "make"
    logs = {"make": 1, "cc1": 13, "as": 13, "ld": 1, "ar": 1, "sum": 1}

    def prepare(self):
        self.make = program("make", "make")
        program("gcc", "gcc")

    def run(self, run):
        run.write("Makefile", """
CFLAGS = -O1 -g -Wall
objects := $(patsubst %.c,%.o,$(sort $(wildcard part*.c)))
all: sum table.h
\t./sum > sum.txt
sum: main.o libparts.a
\tgcc -o $@ main.o -L. -lparts
libparts.a: $(objects)
\tar rcD $@ $^
$(objects) main.o: table.h
table.h: Makefile
\tfor i in 1 2 3 4; do echo "#define T$$i $$((i * 7))"; done > $@
%.o: %.c
\tgcc $(CFLAGS) -c -o $@ $<
broken: broken.o
.PHONY: all broken
""")
        for i in range(12):
            run.write(f"part{i}.c", f"""#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include "table.h"
int part{i}(int n) {{ char text[64]; int sum = T{i % 4 + 1}; for (int k = 0; k < n; k++) {{
    snprintf(text, sizeof text, "%d", k * {i + 3}); sum += (int)strlen(text) ^ text[k % 3]; }} return sum; }}
""")
        declared = "".join(f"int part{i}(int);\n" for i in range(12))
        run.write("main.c", '#include <stdio.h>\n' + declared + "int main(void) { printf(\"%d\\n\", " +
                  " + ".join(f"part{i}({i + 50})" for i in range(12)) + "); return 0; }\n")
        run.write("broken.c", "int f(void) { return undeclared; }\n")
        # With -j4 the lines come in any order.
        run.command(self.make, "-j4", normalise=lambda text: sorted(text.splitlines()))
        run.command(self.make, "-j4", "broken")
        run.command(self.make, "-q", "all")
        for name in sorted(os.listdir(run.work)):
            with open(run.path(name), "rb") as file:
                run.say(name, file.read())


class Git:
    """clone, commit, gc and fsck, with git's own threads and children. How a pack is laid out varies from run to run."""

    name = "git"
    logs = {"git": 20}

    def prepare(self):
        self.git = program("git", "git")

    def run(self, run):
        run.environment.update(GIT)
        git = self.git
        run.command(git, "init", "-q", "-b", "main", "one")
        for commit in range(3):
            for i in range(120):
                run.write(f"one/dir{i % 9}/file{i}", "".join(f"{commit * (i % 2)} {i} {k * k}\n" for k in range(80)))
            run.command(git, "add", "-A", cwd=run.path("one"))
            run.command(git, "commit", "-q", "-m", f"commit {commit}", cwd=run.path("one"))
        run.command(git, "clone", "-q", "file://" + run.path("one"), "two")
        run.command(git, "clone", "-q", "--depth", "1", "--no-local", run.path("one"), "three")
        for where in "one", "two", "three":
            run.command(git, "-c", "pack.threads=3", "gc", "-q", "--aggressive", "--prune=now", cwd=run.path(where))
            run.command(git, "fsck", "--full", "--no-progress", cwd=run.path(where))
            run.command(git, "log", "-p", "--stat", cwd=run.path(where))
            run.command(git, "status", "--porcelain", cwd=run.path(where))
            run.command(git, "cat-file", "--batch-check", "--batch-all-objects", cwd=run.path(where))
        run.write("two/new", "new\n")
        run.command(git, "add", "new", cwd=run.path("two"))
        run.command(git, "commit", "-q", "-m", "new", cwd=run.path("two"))
        run.command(git, "fetch", "-q", run.path("two"), "main:fetched", cwd=run.path("one"))
        run.command(git, "rev-parse", "fetched", "main", "no-such-revision", cwd=run.path("one"))


class Node:
    """JIT code, worker threads, native modules' buffers, children."""

    name = "node"
    logs = {"node": 2}

    def prepare(self):
        self.node = program("node", "nodejs")

    def run(self, run):
        run.write("script.js", r"""
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), zlib = require('zlib'), fs = require('fs'), { execFileSync, spawn } = require('child_process');
function tree(depth) { return depth ? { l: tree(depth - 1), r: tree(depth - 1), s: 'x'.repeat(depth) } : null; }
function work(n) {
  let h = crypto.createHash('sha256');
  for (let i = 0; i < n; i++) h.update(zlib.deflateSync(Buffer.from(JSON.stringify(tree(8)).slice(i))));
  return h.digest('hex');
}
if (!isMainThread) parentPort.postMessage([workerData, work(workerData)]);
else if (process.argv[2] === 'child') { console.log(work(5)); process.exit(4); }
else (async () => {
  const all = [10, 20, 30].map(n => new Promise((done, fail) => {
    const w = new Worker(__filename, { workerData: n }); w.on('message', done); w.on('error', fail); }));
  console.log(await Promise.all(all), work(15));
  console.log(execFileSync('/bin/sh', ['-c', 'echo from sh']).toString());
  const child = spawn(process.execPath, [__filename, 'child'], { stdio: 'inherit' });
  console.log('child', await new Promise(done => child.on('exit', (...how) => done(how))));
  const bytes = await Promise.all([1, 2, 3, 4].map(i => new Promise((done, fail) =>
    crypto.pbkdf2('p' + i, 's', 2000, 32, 'sha512', (e, k) => e ? fail(e) : done(k.toString('hex'))))));
  console.log(bytes);
  let big = []; for (let i = 0; i < 200; i++) big.push(Buffer.alloc(50000, i)); console.log(Buffer.concat(big).length);
  fs.writeFileSync('out', JSON.stringify(tree(10))); console.log((await fs.promises.readFile('out')).length);
  try { (function deep() { deep(); })(); } catch (e) { console.log(e instanceof RangeError); }
  process.on('exit', () => console.log('exit'));
  process.kill(process.pid, 'SIGUSR2');
})();
""")
        run.command(self.node, "script.js")
        run.command(self.node, "-e", "process.exitCode = 3; throw new Error('told')",
                    normalise=lambda text: re.sub(r"\[eval\][^\n]*", "[eval]", text))


class Perl:
    """Threads, signals, fork and pipes. Perl's own test files come with its source only, in no Debian package."""

    name = "perl"
    logs = {"perl": 6}

    def prepare(self):
        self.perl = program("perl", "perl")

    def run(self, run):
        run.write("script.pl", r"""
use strict; use warnings; use POSIX ':sys_wait_h';
$| = 1;
use threads; use threads::shared;
my $sum :shared = 0;
my @t = map { my $n = $_; threads->create(sub { my %h; $h{$_ % 97} .= "x$_" for 1 .. 5000 * $n;
    { lock $sum; $sum += length $_ for values %h; } return scalar keys %h; }) } 1 .. 4;
print join(',', map { $_->join } @t), " $sum\n";
my $caught = 0;
$SIG{USR1} = sub { $caught++; my @a = map { "y$_" } 1 .. 100; };
for (1 .. 50) { kill USR1 => $$; my @b = map { "z$_" } 1 .. 20; }
print "caught $caught\n";
my %status;
for my $n (1 .. 5) {
    my $pid = fork // die;
    if (!$pid) { my @c = map { "c$_" } 1 .. 1000 * $n; $n == 5 ? kill(9, $$) : POSIX::_exit($n); }
    waitpid($pid, 0); print "child $n: $?\n";
}
pipe(my $r, my $w);
if (!fork) { close $r; print $w "line $_\n" for 1 .. 2000; close $w; exit 0; }
close $w; my @lines = <$r>; wait; print scalar(@lines), " $?\n";
print `echo from sh`; system('exit 7'); print $? >> 8, "\n";
open(my $in, '-|', $^X, '-e', 'print "p$_\n" for 1 .. 300; exit 2'); my @p = <$in>; close $in; print scalar(@p), " ", $? >> 8, "\n";
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; 1 while 1 }; print $@;
exec $^X, '-e', 'print "exec\n"; exit 5';
""")
        run.command(self.perl, "script.pl")
        run.command(self.perl, "-e", "kill 'ABRT', $$")


SUBJECTS = [Multiprocessing, Make, Git, Node, Perl]
