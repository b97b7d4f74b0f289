# SPDX-License-Identifier: MIT
"""What memtrace's cost is measured with: scripts/bench by time, cost/instructions.py by instructions."""
import json
import os
import random
import subprocess

PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'programs')
PYTHON = '/usr/bin/python3'

OBJECTS = '''
import json
d = [{"id": i, "name": "user%d" % i, "tags": [str(i)] * 3, "pos": {"x": i * 1.5, "y": -i}} for i in range(SIZE)]
for k in range(2):
    d = json.loads(json.dumps(d))
print(len(d))
'''
CALLS = '''
def f(n):
    return n if n < 2 else f(n - 1) + f(n - 2)
print(f(SIZE))
'''
RECURSION = '''
def tree(depth, name):
    if not depth:
        return {"name": name, "size": depth + 0.5}
    return {"name": name, "below": [tree(depth - 1, name + str(i)) for i in range(3)], "size": depth * 1.5}
def names(node):
    return [node["name"]] + [name.upper() for n in node.get("below", ()) for name in names(n)]
for k in range(12):
    print(len(names(tree(SIZE, "root"))))
'''
NUMPY = '''
import numpy as np
x = np.ones((300, 300))
for i in range(SIZE):
    y = x[:50] * 2.0 + i
    z = np.concatenate([y, y])
print(z.sum())
'''
ARRAYS = '''
import numpy as np
a = np.arange(4000000, dtype=float).reshape(2000, 2000)
for i in range(SIZE):
    b = np.sqrt(a * 2.0 + i)
    c = np.sort(b[:500], axis=1)
    d = b @ b[:, :200]
print(c.sum(), d.sum())
'''
PERL = r'''
my %count; my @lines;
for my $i (1 .. SIZE) { push @lines, join(" ", map { "w" . (($i * $_ * 7919) % 5003) } 1 .. 8); }
for (@lines) { $count{$_}++ for split / /; }
my $text = join("\n", map { "$_ $count{$_}" } sort keys %count);
$text =~ s/(\d+)/<$1>/g;
print length($text), "\n";
'''
SQL = '''
create table t(id integer primary key, name text, v real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < SIZE)
insert into t select i, 'name' || (i * 7919 % 100003), i * 0.5 from n;
create index t_name on t(name);
select count(*), sum(v) from t where name like 'name1%';
select name, count(*) from t group by name order by 2 desc, 1 limit 3;
'''


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as f:
        f.write(text)
    return path


def script(program, name, text, size):
    """A command that runs `text`, of such a size, by `program`."""
    return lambda folder: [*program, write(folder, name, text.replace('SIZE', str(size)))]


def python(name, text, size, *variables):
    return script([*variables, PYTHON], name, text, size)


def perl(size):
    return script(['perl'], 'text.pl', PERL, size)


def sqlite(size):
    return lambda folder: ['sqlite3', ':memory:', '.read ' + write(folder, 'load.sql', SQL.replace('SIZE', str(size)))]


def jq(size):
    return lambda folder: ['jq', 'length', write(folder, 'big.json', json_text(size))]


def json_text(size):
    random.seed(1)
    items, length = [], 0
    while length < size:
        n = len(items)
        items.append(json.dumps({'id': n, 'name': 'user%d' % n, 'tags': ['a', 'b', str(n)],
                                 'pos': {'x': random.random(), 'y': random.random()}, 'ok': True, 'none': None}))
        length += len(items[-1]) + 1
    return '[' + ','.join(items) + ']'


def churn(threads, events):
    def make(folder):
        exe = os.path.join(folder, 'churn')
        if not os.path.exists(exe):
            subprocess.check_call(['cc', '-O2', '-g', os.path.join(PROGRAMS, 'churn.c'), '-o', exe, '-lpthread'])
        return [exe, str(threads), str(events)]
    return make


def churn_processes(folder):
    # The same work and as much memory as 8 threads, but nothing in common: what threads cost each other is the difference.
    alone = ' '.join(churn(1, 500000)(folder))
    return ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do %s & done; wait' % alone]


def containers(rounds):
    def make(folder):
        exe = os.path.join(folder, 'containers')
        subprocess.check_call(['g++', '-std=c++17', '-O2', '-g', os.path.join(PROGRAMS, 'containers.cc'), '-o', exe])
        return [exe, str(rounds)]
    return make


HEADERS = ('algorithm', 'functional', 'iostream', 'map', 'regex', 'string', 'thread', 'vector')
HEADERS_MAIN = '''
int main(int c, char **v)
{
    std::map<std::string, std::vector<int>> m;
    std::regex r("a.*b");
    for (int i = 0; i < c; i++)
        m[v[i]].push_back(i);
    std::cout << std::regex_match(v[0], r) << m.size();
}
'''


def cc1plus(headers=HEADERS, main=HEADERS_MAIN):
    """gcc's compiler proper, for C++: it compiles some of the library's headers, and `main`."""
    def make(folder):
        source = write(folder, 'headers.cc', ''.join('#include <%s>\n' % header for header in headers) + main)
        plain = os.path.join(folder, 'headers.ii')
        subprocess.check_call(['g++', '-E', source, '-o', plain])
        exe = subprocess.check_output(['g++', '-print-prog-name=cc1plus'], text=True).strip()
        return [exe, '-O1', '-quiet', plain, '-o', '/dev/null']
    return make


def redis(folder):
    # The server is the traced program; the client is started by the shell that waits for both.
    socket = os.path.join(folder, 'redis.sock')
    client = ('until [ -S {0} ]; do sleep 0.05; done; redis-benchmark -s {0} -q -n 100000 -c 20 -r 100000 -d 100 '
              '-t set,get,lpush,lpop,sadd,hset >/dev/null; redis-cli -s {0} shutdown nosave').format(socket)
    started = write(folder, 'redis.sh', 'rm -f {0}\n(unset LD_PRELOAD; {1}) &\n"$@"\nwait\n'.format(socket, client))
    return ['@' + started, 'redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--daemonize', 'no']
