# SPDX-License-Identifier: MIT
"""Several processes: sums and the tree."""
import json
import os
import re
import sys

from common import Case

FAMILY = r'''
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile kept;
static void child(size_t bytes, void (*then)(char **), char **argv)
{
    pid_t pid = fork();
    if (!pid) {
        kept = malloc(bytes);
        if (then)
            then(argv);
        exit(0);
    }
    waitpid(pid, NULL, 0);
}
static void replaced(char **argv)
{
    argv[1] = "after";
    execv(argv[0], argv);
}
static void grandchild(char **argv)
{
    child(1000, NULL, argv);
}
int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "after")) {
        kept = malloc(100);
        return 0;
    }
    kept = malloc(1000000);
    child(100000, grandchild, argv);
    child(10000, replaced, argv);
    child(10, NULL, argv);
    return 0;
}
'''


class FamilyCase(Case):
    """Processes that allocate powers of ten, so that a sum tells who is in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        source = os.path.join(cls.top, 'family.c')
        with open(source, 'w') as f:
            f.write(FAMILY)
        cls.cc('-g', '-O1', source, '-o', os.path.join(cls.top, 'family'))
        os.mkdir(os.path.join(cls.top, 'logs'))
        p = cls.memtrace('run', '--min-peak', '0', '-o', os.path.join(cls.top, 'logs', '%e.%p.mt'), os.path.join(cls.top, 'family'), 'x')
        assert p.returncode == 0, p
        folder = os.path.join(cls.top, 'logs')
        cls.logs = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def reports(self, logs):
        p = self.memtrace('report', '--json', *logs)
        self.assertEqual(p.returncode, 0, p)
        return json.loads(p.stdout)

    def each(self, *arguments):
        p = self.memtrace(*arguments)
        self.assertIn(p.returncode, (0, 1), p)
        return json.loads(p.stdout) if '--json' in arguments else p.stdout

    @staticmethod
    def stacks(view):
        """The call sites of one or several processes, each with its stack."""
        for one in view if isinstance(view, list) else [view]:
            frames = [tuple(frame.get(name) for name in ('file', 'line', 'function', 'language', 'module')) for frame in one['frames']]
            for site in one['sites']:
                stack, at = [site['class']], site['node']
                while at is not None:
                    at, frame = one['tree'][at][0], frames[one['tree'][at][1]]
                    stack.append(frame)
                yield tuple(stack), site

    def by_stack(self, view, names):
        """Their figures, by stack."""
        sums = {}
        for stack, site in self.stacks(view):
            total = sums.setdefault(stack, [0] * len(names))
            for i, name in enumerate(names):
                total[i] += site[name]
        return sums

    def sizes(self, view):
        """By stack and size, numbers of allocations."""
        counts = {}
        for stack, site in self.stacks(view):
            for size in site['sizes']:
                counts[stack, size['from_bytes']] = counts.get((stack, size['from_bytes']), 0) + size['allocations']
        return counts

    def whole_is_sum(self, folder):
        """Sites and leaks of all processes are the sums of those of each, and add up to what report has."""
        reports = self.reports([folder])
        names = ['allocated_bytes', 'allocations', 'released_bytes', 'releases', 'gone_bytes', 'live_bytes', 'leaked_bytes', 'at_peak_bytes']
        whole = self.each('sites', '-n', '0', '--json', folder)
        sums = self.by_stack(whole, names)
        self.assertEqual(sums, self.by_stack(self.each('sites', '-n', '0', '--each', '--json', folder), names))
        sized = self.each('sites', '-n', '0', '--histogram', '--json', folder)
        self.assertEqual(self.by_stack(sized, names), sums)
        self.assertEqual(self.sizes(sized), self.sizes(self.each('sites', '-n', '0', '--each', '--histogram', '--json', folder)))
        self.assertEqual(sum(self.sizes(sized).values()), sum(site['allocations'] for site in sized['sites']))
        # Without line information several calls of one function look the same here.
        lined = all(frame.get('line') for frame in whole['frames'])
        (self.assertEqual if lined else self.assertLessEqual)(len(sums), whole['site_count'], 'each call site once')
        in_level = [figures for stack, figures in sums.items() if stack[0] in ('heap', 'anonymous', 'shared')]
        for i, name in enumerate(names[:4] + [None] + names[5:7]):
            if name:
                self.assertEqual(sum(figures[i] for figures in in_level), sum(r[name] for r in reports), name)
        self.assertEqual(whole['peak_sum_bytes'], sum(r['peak_bytes'] for r in reports))

        for by in 'function', 'module', 'thread', 'class':
            table, parts = self.each('report', '--by', by, '--json', folder)['table'], self.each('report', '--by', by, '--each', '--json', folder)
            for name in 'at_peak_bytes', 'live_bytes', 'allocated_bytes', 'allocations', 'releases':
                self.assertEqual(sum(row['own'][name] for row in table['rows']), sum(row['own'][name] for one in parts for row in one['table']['rows']), (by, name))

        for more in [], ['--all'], ['--metric', 'live']:
            whole, each = (self.each('leaks', '-n', '0', '--json', *more, *how, folder) for how in ([], ['--each']))
            self.assertEqual(self.by_stack(whole, ['bytes', 'grown_bytes', 'allocations']),
                             self.by_stack(each, ['bytes', 'grown_bytes', 'allocations']), more)
            for part in 'all', 'total', 'libraries', 'unknown':
                self.assertEqual(whole[part]['bytes'], sum(one[part]['bytes'] for one in each), part)
            residents = {}
            for one in each:
                for resident in one['residents']:
                    residents[resident['name']] = residents.get(resident['name'], 0) + resident['bytes']
            self.assertEqual({resident['name']: resident['bytes'] for resident in whole['residents']}, residents)


class Family(FamilyCase):
    def test_sums(self):
        self.assertEqual(len(self.logs), 6, self.logs)
        for logs in self.logs, self.logs[::-1]:
            reports = self.reports(logs)
            self.assertEqual([r['log'] for r in reports], logs)
            own = {r['log']: r['allocated_bytes'] for r in reports}
            by_own = {r['allocated_bytes']: r for r in reports}
            all_of = {bytes: r['family']['allocated_bytes'] for bytes, r in by_own.items()}
            self.assertEqual(all_of, {1000000: 1111110, 100000: 101000, 1000: 1000, 10000: 10100, 100: 100, 10: 10})
            parent = {bytes: own.get(r['family']['parent_log']) for bytes, r in by_own.items()}
            self.assertEqual(parent, {1000000: None, 100000: 1000000, 1000: 100000, 10000: 1000000, 100: 10000, 10: 1000000})
            self.assertEqual({bytes for bytes, r in by_own.items() if r['family']['exec']}, {100})
            self.assertEqual([by_own[b]['family']['logs'] for b in (1000000, 100000, 10000, 10)], [6, 2, 2, 1])
            self.assertEqual(by_own[1000000]['family']['live_bytes'], sum(r['live_bytes'] for r in reports))
            self.assertEqual(by_own[1000000]['family']['peak_sum_bytes'], sum(r['peak_bytes'] for r in reports))

    def test_a_log_named_twice_counts_once(self):
        folder = os.path.dirname(self.logs[0])
        whole = self.memtrace('tree', folder).stdout
        for logs in [folder, self.logs[0]], [*self.logs, folder], [*self.logs, self.logs[0]]:
            p = self.memtrace('tree', *logs)
            self.assertEqual((p.returncode, p.stdout), (0, whole), p)
            self.assertIn('memtrace: %s: is named twice, and counts once\n' % self.logs[0], p.stderr)
        p = self.memtrace('merge', '-o', self.path('twice.mt'), self.logs[0], self.logs[0])
        self.assertEqual(json.loads(self.memtrace('report', '--json', self.path('twice.mt')).stdout)['peak_bytes'],
                         self.reports(self.logs)[0]['peak_bytes'])

    def test_one_log_is_no_family(self):
        self.assertNotIn('family', json.loads(self.memtrace('report', '--json', self.logs[0]).stdout))
        self.assertNotIn('Processes', self.memtrace('report', self.logs[0]).stdout)

    def test_tree(self):
        reports = self.reports(self.logs)
        pid = {r['allocated_bytes']: r['pid'] for r in reports}
        text = self.memtrace('report', *self.logs).stdout
        self.assertTrue(text.startswith('Processes\n'))
        tree = [re.search(r' (\d+(?: exec)?) \S*/family (x|after)$', line) for line in text.splitlines()]
        tree = [(m.start(1), m[1], m[2]) for m in tree if m]
        self.assertEqual([(pid_text, word) for _, pid_text, word in tree],
                         [('%d' % pid[1000000], 'x'), ('%d' % pid[100000], 'x'), ('%d' % pid[1000], 'x'), ('%d' % pid[10000], 'x'),
                          ('%d exec' % pid[100], 'after'), ('%d' % pid[10], 'x')])
        least = tree[0][0]
        self.assertEqual([blanks - least for blanks, _, _ in tree], [0, 2, 4, 2, 4, 2])
        self.assertIn('sum of 6', text)

    def test_other_views(self):
        """Each process is shown as it is by itself, below the tree of all."""
        folder, reports = os.path.dirname(self.logs[0]), self.reports(self.logs)
        tree_of_processes = self.memtrace('report', folder).stdout.split('\n\n')[0]
        for verb in 'tree', 'leaks', 'timeline', 'sites':
            each = ['--each']
            whole = self.each(verb, *each, folder)
            self.assertEqual(whole.split('\n\n')[0], tree_of_processes, verb)
            shown = self.each(verb, *each, '--json', folder)
            self.assertEqual([one['family']['log'] for one in shown], self.logs)
            for log, one, report in zip(self.logs, shown, reports):
                self.assertEqual(one.pop('family'), report['family'])
                self.assertEqual(one, self.each(verb, '--json', log))
                self.assertEqual(whole.count(self.each(verb, log)), 1, (verb, log))
        totals = {one['family']['log']: one['nodes'][0]['total'] for one in self.each('tree', '--each', '--metric', 'allocated', '--json', folder)}
        self.assertEqual(totals, {report['log']: report['allocated_bytes'] for report in reports})

    def test_one_tree_of_all(self):
        """Each branch is the sum of those of the processes, found by the names on the way to it."""
        folder = os.path.dirname(self.logs[0])

        def branches(tree):
            paths, sums = [], {}
            for node in tree['nodes']:
                frame = tree['frames'][node['frame']] if node['frame'] is not None else {}
                step = tuple(frame.get(name) for name in ('file', 'line', 'function', 'language', 'module')) + (node.get('libraries'),)
                paths.append((paths[node['parent']] if node['parent'] is not None else ()) + (step,))
                total = sums.setdefault(paths[-1], [0, 0, 0])
                for i, name in enumerate(('total', 'own', 'allocations')):
                    total[i] += node[name]
            return sums

        for more in [], ['--all'], ['--inverted'], ['--by', 'function'], ['--metric', 'allocated', '--function', 'child'], \
                ['--metric', 'live', '--thread', 'family'], ['--module', 'family']:
            arguments = ['tree', '--json', '--min-share', '0', *more, folder]
            whole, summed = self.each(*arguments), {}
            for tree in self.each(*arguments, '--each'):
                for path, figures in branches(tree).items():
                    summed[path] = [a + b for a, b in zip(figures, summed.get(path, [0, 0, 0]))]
            self.assertEqual(branches(whole), summed, more)
            self.assertGreater(len(summed), 3)
            self.assertEqual(len(branches(whole)), len(whole['nodes']), 'each branch once')
            self.assertEqual([one['family']['log'] for one in whole['processes']], self.logs)
        text = self.each('tree', '--metric', 'allocated', folder)
        self.assertEqual(text.split('\n\n')[0], self.memtrace('report', folder).stdout.split('\n\n')[0])
        self.assertIn('1.06 MiB allocated', text)
        self.fails(self.memtrace('tree', '--metric', 'rise', folder), 2, "don't add up", '--process PID')

    def test_merged_logs_are_nobodys_relatives(self):
        folder = self.path('merged')
        os.mkdir(folder)
        for name in 'a.mt', 'b.mt':
            self.assertEqual(self.memtrace('merge', '-o', os.path.join(folder, name), *self.logs).returncode, 0)  # one ended by exec
        for report in self.reports([os.path.join(folder, name) for name in ('a.mt', 'b.mt')]):
            self.assertEqual((report['family']['parent_log'], report['family']['exec'], report['family']['logs']), (None, False, 1))

    def test_a_function_that_one_process_has(self):
        """The others need not have it."""
        for verb in ['tree'], ['report', '--by', 'line'], ['export', '--format', 'collapsed']:
            p = self.memtrace(*verb, '--under', 'grandchild', *self.logs)
            self.assertEqual(p.returncode, 0, p)
            self.assertIn('child', p.stdout)
            self.assertEqual(p.stderr.count("no function in the log is called 'grandchild'"), len(self.logs) - 1, p.stderr)
            self.assertEqual(self.memtrace(*verb, '--under', 'nowhere', *self.logs).returncode, 1)

    def test_merged_logs_have_no_process_number(self):
        folder, merged = self.path('numbers'), self.path('numbers/all.mt')
        os.mkdir(folder)
        os.link(self.logs[0], os.path.join(folder, 'one.mt'))
        self.assertEqual(self.memtrace('merge', '-o', merged, *self.logs).returncode, 0)
        for verb in 'report', 'tree', 'timeline', 'sites':
            for option in [], ['--each']:
                text = self.memtrace(verb, *option, folder).stdout
                self.assertRegex(text, r'(?m) {8}%d processes: ' % len(self.logs))
                self.assertNotRegex(text, r'(?m)\b[Pp]rocess 0|\b0 %d processes|^ +0 \|' % len(self.logs))
        self.assertIn('note: %s: merged out of the logs of %d processes' % (merged, len(self.logs)), self.memtrace('tree', folder).stdout)
        roots = {line.split(';')[0] for line in self.memtrace('export', '--format', 'collapsed', folder).stdout.splitlines()}
        self.assertEqual(roots, {'family', 'family (pid %d)' % self.reports(self.logs[:2])[0]['pid']})
        self.assertNotIn('which was not by exit\n', self.memtrace('report', merged).stdout.replace('or at an end that was not by exit', ''))

    def test_a_child_of_a_parent_with_threads(self):
        """What it gives back of its parent's is not known, which is not nothing."""
        source = self.write('threaded.c', b"""#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *wait_on(void *unused) { void *volatile taken = malloc(10); pause(); free(taken); return unused; }
int main(void)
{
    pthread_t thread;
    void *volatile block = malloc(5000000);
    pthread_create(&thread, NULL, wait_on, NULL);
    usleep(1000);
    pid_t pid = fork();
    free(block);
    void *volatile own = malloc(100);
    if (!pid)
        exit(!own);
    return waitpid(pid, NULL, 0) != pid;
}
""")
        self.cc('-g', '-O0', '-pthread', source, '-o', self.path('threaded'))
        log = self.path('threaded.mt')
        self.assertEqual(self.memtrace('run', '--min-peak', '0', '-o', log, self.path('threaded')).returncode, 0)
        self.assertIn('  given back    not known  of that: its parent had several threads\n', self.memtrace('report', log[:-3] + '.2.mt').stdout)

    def test_all_as_one(self):
        folder = os.path.dirname(self.logs[0])
        self.whole_is_sum(folder)
        self.fails(self.memtrace('sites', '--metric', 'rise', folder), 2, "don't add up", '--process PID')
        for verb in 'sites', 'leaks', 'timeline':
            text, shown = self.each(verb, folder), self.each(verb, '--json', folder)
            self.assertEqual(text.split('\n\n')[0], self.memtrace('report', folder).stdout.split('\n\n')[0])
            self.assertEqual([one['family']['log'] for one in shown['processes']], self.logs)
        self.assertIn('977 KiB held at the peak (90.0 %)', self.each('sites', folder))
        self.assertIn('1.06 MiB in 6 blocks never given back, at 6 call sites', self.each('leaks', folder))

    def test_all_as_one_over_time(self):
        """1,000,000 are there all the time, 1,000 while 100,000 are, 100 instead of 10,000."""
        folder = os.path.dirname(self.logs[0])
        whole, each = self.each('timeline', '--json', folder), self.each('timeline', '--json', '--each', folder)
        self.assertEqual(whole['peak_bytes'], 1101000)
        levels = [sample['level_bytes'] for sample in whole['samples']]
        steps = [level for i, level in enumerate(levels) if not i or levels[i - 1] != level]
        self.assertEqual(steps, [1000000, 1100000, 1101000, 1100000, 1000000, 1010000, 1000000, 1000100, 1000000, 1000010, 1000000, 0])
        self.assertEqual([sample['time_ns'] for sample in whole['samples']], sorted(sample['time_ns'] for sample in whole['samples']))
        self.assertGreaterEqual(whole['duration_ns'], max(one['duration_ns'] for one in each))
        self.assertEqual(whole['samples'][-1]['time_ns'], whole['duration_ns'])
        text = self.each('timeline', folder)
        self.assertIn('highest: 1.050 MiB', text)
        for one in each:
            self.assertRegex(text, r'(?m)^ *%d \|' % one['pid'])
        rows = self.each('timeline', '--csv', folder).splitlines()
        self.assertEqual(len(rows), len(whole['samples']) + 2)

    def test_one_process(self):
        folder, reports = os.path.dirname(self.logs[0]), self.reports(self.logs)
        pid = next(r['pid'] for r in reports if r['allocated_bytes'] == 10000)  # its log and that after its exec
        logs = [r['log'] for r in reports if r['pid'] == pid]
        self.assertEqual(len(logs), 2)
        for verb in 'report', 'tree', 'leaks', 'timeline', 'sites':
            self.assertEqual([one['family']['log'] for one in self.each(verb, '--process', str(pid), '--json', folder)], logs)
            self.assertNotIn('sum of', self.each(verb, '--process', str(pid), folder))
            self.fails(self.memtrace(verb, '--process', '1', folder), 1, '--process 1: none of these logs')
        self.fails(self.memtrace('timeline', '--csv', '--each', folder), 2, '--process PID')

    def test_verbs_of_one_log(self):
        folder, one = os.path.dirname(self.logs[0]), self.path('one')
        for verb in ['lines'], ['top', '--once']:
            self.fails(self.memtrace(*verb, folder), 2, 'logs: 6 logs are in this folder, and %s is of one of them' % verb[0])
        os.mkdir(one)
        os.symlink(self.logs[0], os.path.join(one, 'a.mt'))
        self.assertEqual(self.memtrace('lines', '--json', one).stdout, self.memtrace('lines', '--json', os.path.join(one, 'a.mt')).stdout)

    def test_a_leak_in_any_process(self):
        self.assertEqual(self.memtrace('leaks', '--fail', *self.logs).returncode, 1)
        none = self.path('none.mt')
        self.assertEqual(self.memtrace('run', '-o', none, 'true').returncode, 0)
        self.assertEqual(self.memtrace('leaks', '--fail', none, none).returncode, 0)
        self.assertEqual(self.memtrace('leaks', '--fail', none, self.logs[0], none).returncode, 1)

    def test_some_can_not_be_read(self):
        p = self.memtrace('report', '--json', self.write('none.mt', b'x'), *self.logs)
        self.assertEqual(p.returncode, 2)
        self.assertEqual(p.stderr.count('none.mt'), 1)
        reports = json.loads(p.stdout)
        self.assertEqual(max(r['family']['logs'] for r in reports), 6)


SERVER = r'''
import os
import socket
import subprocess
import sys
kept = []
def answer(connection, size):
    request = connection.recv(100)
    kept.append(bytearray(size))
    for _ in range(300):
        kept.append(b'%d' % len(kept) * 200)
    if size == 3000000:
        subprocess.run([sys.argv[1], 'x'], check=True)
    connection.sendall(request)
def serve(server, clients):
    for i in range(clients):
        connection, _ = server.accept()
        if not os.fork():
            answer(connection, (i + 1) * 1000000)
            sys.exit(0)
        connection.close()
def main():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen()
    address = server.getsockname()
    for i in range(4):
        if not os.fork():
            client = socket.create_connection(address)
            client.sendall(b'hello')
            client.recv(100)
            os._exit(0)
    serve(server, 4)
    for i in range(8):
        os.wait()
main()
'''


class ServerFamily(FamilyCase):
    """A server in Python that forks for each request; one of its children starts programs in C."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        script, cls.folder = os.path.join(cls.top, 'server.py'), os.path.join(cls.top, 'server_logs')
        with open(script, 'w') as f:
            f.write(SERVER)
        os.mkdir(cls.folder)
        p = cls.memtrace('run', '--min-peak', '0', '-o', os.path.join(cls.folder, '%e.%p.mt'), os.path.realpath(sys.executable), script,
                         os.path.join(cls.top, 'family'))
        assert p.returncode == 0, p

    def test_server(self):
        self.whole_is_sum(self.folder)
        sites = self.each('sites', '--json', '--class', 'heap', self.folder)
        totals = {}
        for site in sites['sites']:
            at = sites['frames'][sites['tree'][site['node']][1]]
            totals[at['line']] = totals.get(at['line'], 0) + site['at_peak_bytes']
        line = SERVER.splitlines().index('    kept.append(bytearray(size))') + 1
        self.assertIn(totals[line], range(10000000, 10001000), totals)  # the objects themselves, too
        leaks = self.each('leaks', '--json', self.folder)
        self.assertEqual((leaks['metric'], leaks['start']), ('mixed', 'mixed'))
        self.assertIn('left, or live when Python began to finalise', self.each('leaks', self.folder))


# 10 starts 100 and 1000 before it allocates itself; 1000 does so when its parent has ended. 10 is replaced then by 10000, which
# starts 100000.
LATE = r'''
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile kept;
static void child(size_t bytes, int until)
{
    char c;
    if (fork())
        return;
    if (until >= 0 && read(until, &c, 1) < 0)
        _exit(1);
    kept = malloc(bytes);
    _exit(0);
}
int main(int argc, char **argv)
{
    int ended[2], all[2];
    char c;
    if (argc > 1) {
        kept = malloc(10000);
        child(100000, -1);
        wait(NULL);
        return 0;
    }
    if (pipe(ended) || pipe(all))
        return 1;
    kept = malloc(1);
    if (!fork()) {
        close(all[0]);
        child(100, -1);
        wait(NULL);
        if (!fork()) {
            close(ended[1]);
            child(1000, ended[0]);
            _exit(0);
        }
        kept = malloc(10);
        wait(NULL);
        close(all[1]);
        execl(argv[0], argv[0], "again", (char *)NULL);
        _exit(1);
    }
    close(all[1]);
    wait(NULL);
    close(ended[1]);
    return read(all[0], &c, 1) != 0;
}
'''


class LateFamily(Case):
    """Logs that begin after those of their children, and children whose parents have ended."""

    def test_tree(self):
        source, folder = os.path.join(self.top, 'late.c'), os.path.join(self.top, 'late_logs')
        with open(source, 'w') as f:
            f.write(LATE)
        self.cc('-g', '-O1', source, '-o', os.path.join(self.top, 'late'))
        os.mkdir(folder)
        p = self.memtrace('run', '--min-peak', '0', '-o', os.path.join(folder, '%e.%p.mt'), os.path.join(self.top, 'late'))
        self.assertEqual(p.returncode, 0, p)
        logs = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        for order in logs, logs[::-1]:
            reports = json.loads(self.memtrace('report', '--json', *order).stdout)
            own = {r['log']: r['allocated_bytes'] for r in reports}
            parent = {r['allocated_bytes']: own.get(r['family']['parent_log']) for r in reports}
            # The one between 10 and 1000 allocates nothing, and has no log.
            self.assertEqual(parent, {1: None, 10: 1, 100: 10, 1000: None, 10000: 10, 100000: 10000})
            started = {r['allocated_bytes']: r['start_time_ns'] for r in reports}
            begun = {r['allocated_bytes']: r['log_start_time_ns'] for r in reports}
            self.assertLess(begun[100], begun[10])
            self.assertLess(started[10], started[100])
            self.assertLess(started[10000], begun[10])  # one process
