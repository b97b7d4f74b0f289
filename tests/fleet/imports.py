# SPDX-License-Identifier: MIT
"""memtrace import: totals are those that the other program has for the same file, and what it does not tell is not known."""
import glob
import gzip
import json
import os
import random
import re
import shutil
import subprocess

from logs import FIGURES, HERE, Skip, check, run, same
from merge import added

FIGURES_OF_LINES = ('allocated_bytes', 'leaked_bytes', 'at_peak_bytes', 'allocations')


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip('%s is not here' % program)


def imported(logs, path, name):
    log = os.path.join(logs.folder, name + '.mt')
    done = run([logs.build.memtrace, 'import', '-o', log, path])
    same((done.status, done.out), (0, ''), 'import: ' + done.err)
    same(logs.build.unsound(log), [], 'the second reader')
    return log


def lines_of(logs, log):
    """What each line of the test's own programs came to."""
    lines = [line for line in logs.build.report(log)['lines'] if line['file'] and os.path.dirname(line['file']) == HERE]
    check(len(lines) > 2, 'lines', lines)
    return added(lines, lambda line: (line['file'], line['line'], line['function']), FIGURES_OF_LINES)


def unknown(logs, log):
    """What no imported file tells is null, and said."""
    report = logs.build.report(log)
    check(any(note.startswith('imported: who released memory') for note in report['notes']), 'the note', report['notes'])
    for line in report['lines']:
        same([line[name] for name in ('mem_usage_bytes', 'increment_bytes', 'rise_bytes', 'released_bytes', 'releases')], [None] * 5, 'not known')
    return report


def heaptrack_says(path):
    done = run(['heaptrack_print', '-f', path])
    check(not done.status, 'heaptrack_print', done.err)
    said = dict(re.findall(r'^([a-z][a-zA-Z ]*): ([\d.]+\w?)', done.out, re.M))
    return [said[name] for name in ('calls to allocation functions', 'temporary memory allocations', 'peak heap memory consumption', 'total memory leaked')]


def short(number):
    """As heaptrack prints sizes: 1,000 is a K."""
    for unit in ('', 'K', 'M', 'G'):
        if number < 1000 or unit == 'G':
            return '%d%s' % (number, unit) if not unit else '%.2f%s' % (number, unit)
        number /= 1000


def costs(path, kind, folder):
    """Bytes or numbers of all traces, to the digit."""
    out = os.path.join(folder, 'flame')
    done = run(['heaptrack_print', '-f', path, '-F', out, '--flamegraph-cost-type', kind])
    check(not done.status, 'heaptrack_print -F', done.err)
    with open(out) as file:
        return sum(int(line.rsplit(' ', 1)[1]) for line in file)


def against_heaptrack(logs, path, name):
    log = imported(logs, path, name)
    report = unknown(logs, log)
    calls, temporary, peak, leaked = heaptrack_says(path)
    same((str(report['allocations']), str(report['temporary'])), (calls, temporary), name + ': calls and temporary')
    same((short(report['peak_bytes']), short(report['live_bytes'])), (re.sub('B$', '', peak), re.sub('B$', '', leaked)), name + ': peak and leaked')
    for kind, figure in (('peak', 'peak_bytes'), ('leaked', 'live_bytes'), ('allocations', 'allocations'), ('temporary', 'temporary')):
        same(report[figure], costs(path, kind, logs.folder), '%s: %s of all traces' % (name, kind))
    return log


def heaptrack(logs):
    needs('heaptrack', 'heaptrack_print')
    for name, command in (('plain', [logs.program('plain')]), ('threads', [logs.program('threads')]), ('jq', ['jq', '-n', '[range(3000)|tostring]|add|length'])):
        out = os.path.join(logs.folder, 'heaptrack.' + name)
        subprocess.run(['heaptrack', '-o', out, *command], capture_output=True, check=True)
        path, = glob.glob(out + '.*')
        log = against_heaptrack(logs, path, 'heaptrack-' + name)
        done = run([logs.build.memtrace, 'timeline', log])
        same(done.status, 0, 'the curve: ' + done.err)
    lines = {(os.path.basename(line['file']), line['function']): line for line in logs.build.report(os.path.join(logs.folder, 'heaptrack-plain.mt'))['lines'] if line['file']}
    check(('plain.c', 'keep') in lines and lines['plain.c', 'keep']['allocations'] == 2, 'names of a recorded file', sorted(lines, key=str))
    # The same unpacked, and in gzip.
    plain = os.path.join(logs.folder, 'unpacked')
    with open(plain, 'wb') as file:
        subprocess.run(['zstd', '-dc', path] if path.endswith('.zst') else ['gzip', '-dc', path], stdout=file, check=True)
    with open(plain, 'rb') as file, gzip.open(plain + '.gz', 'wb') as packed:
        packed.write(file.read())
    figures = lambda log: [logs.build.report(log)[figure] for figure in FIGURES]  # noqa: E731
    for form in plain, plain + '.gz':
        same(figures(imported(logs, form, 'other')), figures(log), form)
    # There and back again: what memtrace wrote for heaptrack.
    for name in 'plain', 'inlined', 'threads':
        back = against_heaptrack(logs, logs.export('heaptrack', name), 'back-' + name)
        same(figures(back)[0], logs.figures(name)['peak_bytes'], 'the peak')
        same(lines_of(logs, back), lines_of(logs, logs.log(name)), 'lines of ' + name)


def dhat(logs):
    needs('valgrind')
    out = os.path.join(logs.folder, 'plain.dhat')
    done = subprocess.run(['valgrind', '--tool=dhat', '--dhat-out-file=' + out, logs.program('plain')], capture_output=True, text=True, check=True)
    log = imported(logs, out, 'dhat')
    report = unknown(logs, log)
    said = {name: [int(number.replace(',', '')) for number in numbers] for name, *numbers in re.findall(r'(Total|At t-gmax|At t-end): +([\d,]+) bytes in ([\d,]+) blocks', done.stderr)}
    same([report['allocated_bytes'], report['allocations']], said['Total'], 'total')
    same(report['peak_bytes'], said['At t-gmax'][0], 'at the peak')
    same([report['live_bytes'], report['allocations'] - report['releases']], said['At t-end'], 'at the end')
    check(any('sizes of blocks, temporary ones and times are not known' in note for note in report['notes']), 'the note', report['notes'])
    done = run([logs.build.memtrace, 'timeline', log])
    same((done.status, 'has no curve' in done.err), (1, True), 'no curve')
    done = run([logs.build.memtrace, 'sites', '--histogram', log])
    check(done.status and 'has no sizes: the file that it was imported from has none' in done.err, 'sizes are not known', done.err)
    wanted = {line['line'] for line in logs.build.report(logs.log('plain'))['lines'] if line['file'] and line['file'].endswith('plain.c')}
    seen = {line['line'] for line in report['lines'] if line['file'] and line['file'].endswith('plain.c')}
    check(seen and seen <= wanted, 'lines', seen, wanted)
    for name in 'plain', 'inlined', 'threads':
        back = imported(logs, logs.export('dhat', name), 'back-' + name)
        figures = logs.build.report(back)
        same({f: figures[f] for f in ('peak_bytes', 'allocated_bytes', 'allocations')}, {f: logs.figures(name)[f] for f in ('peak_bytes', 'allocated_bytes', 'allocations')}, 'there and back: ' + name)


MEMRAY = '''allocator,num_allocations,size,tid,thread_name,stack_trace
1,3,6000,-1,merged thread,inner;/home/me/app.py;12|outer;/home/me/app.py;20|<module>;/home/me/app.py;30
10,1,262144,-1,merged thread,"get ""x"", y;/home/me/lib.py;5|<module>;/home/me/app.py;31"
MMAP,1,1000,-1,merged thread,
1,2,500,-1,merged thread,grow(int);/src/grow.cc;7|inner;/home/me/app.py;12|outer;/home/me/app.py;20|<module>;/home/me/app.py;30
'''


def memray(logs):
    path = os.path.join(logs.folder, 'memray.csv')
    for text in MEMRAY, MEMRAY.replace('\n', '\r\n'):  # Python's csv module writes the latter
        with open(path, 'w', newline='') as file:
            file.write(text)
        log = imported(logs, path, 'memray')
        report = unknown(logs, log)
        same([report[name] for name in ('peak_bytes', 'allocated_bytes', 'live_bytes', 'allocations')], [269644, 269644, 269644, 7], 'totals')
        same([report['classes'][name]['peak_bytes'] for name in ('heap', 'anonymous')], [6500, 263144], 'by class')
        lines = {(line['file'], line['line'], line['function'], line['language']): line['at_peak_bytes'] for line in report['lines']}
        same(lines, {('/home/me/app.py', 12, 'inner', 'Python'): 6500, ('/home/me/app.py', 20, 'outer', 'Python'): 6500, ('/home/me/app.py', 30, '<module>', 'Python'): 6500,
                     ('/home/me/lib.py', 5, 'get "x", y', 'Python'): 262144, ('/home/me/app.py', 31, '<module>', 'Python'): 262144,
                     ('/src/grow.cc', 7, 'grow(int)', 'native'): 500}, 'lines')
        check(any('what was live at the peak, or, of its --leaks, at the end' in note for note in report['notes']), 'the note', report['notes'])


def refused(logs, path, words):
    out = os.path.join(logs.folder, 'refused.mt')
    done = run([logs.build.memtrace, 'import', '-o', out, path])
    check(done.status == 2 and re.search(words, done.err) and path in done.err and not os.path.exists(out), 'refused', path, done.status, done.err)


HEAPTRACK = b'''v 10400 3
X ./app with arguments
I 1000 100
s 4 /app
s 4 main
s 5 app.c
s 4 work
i 1000 1 2 3 a
i 2000 1 4 3 14
t 1 0
t 2 1
a 64 1
a 3e8 2
c 0
+ 0
+ 1
- 1
+ 1
R 20
c a
- 0
c 14
'''
DHAT = b'''{"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":true,"bkacc":false,"tu":"instrs","Mtu":"Minstr","tuth":500,"cmd":"./app x","pid":12,"te":100,"tg":50,
"pps":[{"tb":300,"tbk":3,"tl":1,"mb":200,"mbk":2,"gb":200,"gbk":2,"eb":100,"ebk":1,"fs":[1,2]},{"tb":50,"tbk":1,"tl":1,"mb":50,"mbk":1,"gb":0,"gbk":0,"eb":0,"ebk":0,"fs":[2]}],
"ftbl":["[root]","0x1: work (app.c:3)","0x2: main (in /app)"]}'''


def hostile(logs):
    def file(name, data):
        path = os.path.join(logs.folder, name)
        with open(path, 'wb') as out:
            out.write(data)
        return path

    good = {'heaptrack': HEAPTRACK, 'dhat': DHAT, 'memray': MEMRAY.encode()}
    log = imported(logs, file('heaptrack', HEAPTRACK), 'by-hand')
    report = logs.build.report(log)
    same([report[name] for name in ('peak_bytes', 'live_bytes', 'allocated_bytes', 'allocations', 'temporary', 'argv')],
         [1100, 1000, 2100, 3, 1, ['./app', 'with', 'arguments']], 'heaptrack by hand')
    same([(sample['level_bytes'], sample['resident_bytes']) for sample in json.loads(logs.build.view('timeline', '--json', log))['samples']], [(1100, 0x20000), (1000, 0x20000), (1000, 0x20000)], 'the curve')
    report = logs.build.report(imported(logs, file('dhat', DHAT), 'by-hand'))
    same([report[name] for name in ('peak_bytes', 'live_bytes', 'allocated_bytes', 'allocations', 'releases', 'pid')], [200, 100, 350, 4, 3, 12], 'DHAT by hand')

    refused(logs, file('capture', b'\x04\x22\x4d\x18' + bytes(100)), r"offset 0: a capture of memray's.*memray transform csv")
    refused(logs, file('capture', b'memray\0' + bytes(100)), r"memray transform csv")
    refused(logs, logs.log('plain'), 'is a log already')
    refused(logs, file('empty', b''), 'offset 0: is neither')
    refused(logs, os.path.join(logs.folder, 'nowhere'), 'cannot be opened: No such file')
    refused(logs, logs.folder, 'not a regular file|no log')
    raw = file('raw', b'v 10400 3\nx 4 /app\nm 1 0\n')
    refused(logs, raw, r"line 2: a raw file of heaptrack's: 'heaptrack --interpret'")
    for change, words in ((b'v 10400 9', 'line 1: version 9'), (b'v 10400', 'line 1: version 0')):
        refused(logs, file('version', HEAPTRACK.replace(b'v 10400 3', change)), words)
    for old, new, words in ((b't 2 1', b't 2 7', 'line 11: trace 2 is of instruction 2 of 2 and parent 7'), (b'a 64 1', b'a 64 9', 'line 12: an allocation info of no trace'),
                            (b's 5 app.c', b's 55 app.c', 'line 6: a string that is longer'), (b'\n- 0', b'\n- 7', 'line 21: an event of no'), (b'c 14', b'c 1', 'line 22: a time that is before'),
                            (b'- 0', b'- 1\n- 1', 'line 22: more is released'), (b'i 1000 1 2', b'i 1000 1 20', 'line 8: string 32 of 4')):
        check(old in HEAPTRACK, 'the test', old)
        refused(logs, file('wrong', HEAPTRACK.replace(old, new, 1)), words)
    for old, new, words in ((b'"heap"', b'"ad-hoc"', 'another mode'), (b'Version":2', b'Version":1', 'another version'), (b'[1,2]', b'[1,9]', 'pps 0: a frame that is not in ftbl'),
                            (b'"eb":100', b'"eb":1000', 'pps 0: more is live'), (b'"tb":50', b'"tb":-50', 'pps 1: tb'), (b'"tbk":3', b'"tbk":"3"', 'pps 0: tbk'), (b'],', b'', r'line \d+: offset \d+: ')):
        refused(logs, file('wrong', DHAT.replace(old, new, 1)), words)
    for old, new, words in (('3,6000', 'x,6000', 'line 2: num_allocations is no number: x'), (';12|', '|', 'line 2: a frame that is not'), ('"get', 'get', None), (',-1,merged thread,\n', '\n', 'line 4: has 3 columns of 6'),
                            ('y;/home/me/lib.py;5|<module>;/home/me/app.py;31"', 'y', 'line 3: a quote that is not closed'), ('size', 'bytes', 'is neither'), ('tid', 'x', None), ('stack_trace', 'stack', 'other columns')):
        if words:
            refused(logs, file('wrong', MEMRAY.replace(old, new, 1).encode()), words)
    packed = gzip.compress(HEAPTRACK)
    refused(logs, file('cut.gz', packed[:-20]), r'offset \d+: gzip that ends too early|damaged gzip')
    refused(logs, file('bad.gz', packed[:12] + b'\xff\xff\xff' + packed[15:]), r'offset \d+: damaged gzip')
    if shutil.which('zstd'):
        packed = subprocess.run(['zstd', '-c'], input=HEAPTRACK, capture_output=True, check=True).stdout
        refused(logs, file('cut.zst', packed[:-20]), r'offset \d+: zstd that ends too early|damaged zstd')
    # Any bytes at all: a message and status 2, or a log that can be read.
    chance = random.Random(16)
    statuses = set()
    for turn in range(240):
        name = chance.choice(sorted(good))
        data = bytearray(good[name])
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            how = chance.randrange(4)
            if how == 0:
                data[at] = chance.randrange(256)
            elif how == 1:
                del data[at:at + chance.randint(1, 9)]
            elif how == 2:
                data[at:at] = chance.choice([b'ffffffffffffffff', b'-1', b'\n', b'"', b'|', b'9999999999999999999999', b'[', b'\0'])
            else:
                data = data[:at + 1]
        out = os.path.join(logs.folder, 'any.mt')
        done = run([logs.build.memtrace, 'import', '-o', out, file('any', bytes(data))])
        statuses.add(done.status)
        check(done.status in (0, 2), 'status', turn, done.status, done.err, bytes(data))
        check(done.err.startswith('memtrace: ' + os.path.join(logs.folder, 'any')), 'a message', done.err)
        if not done.status:
            shown = run([logs.build.memtrace, 'report', '--json', out])
            check(shown.status == 0, 'the log', turn, shown.err, bytes(data))
    same(statuses, {0, 2}, 'both happen')
