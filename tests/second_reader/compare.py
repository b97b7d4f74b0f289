# SPDX-License-Identifier: MIT
"""What `memtrace report --json` and `memtrace sites --json` say, beside what is read here."""
import json
import subprocess

from second_reader.lines import line_figures, python_lines
from second_reader.log import CLASSES, COUNTED, FLAG_THREADS, text


class Failed(Exception):
    """memtrace could not read the log."""


def run_memtrace(memtrace, *args):
    done = subprocess.run([memtrace] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failed('%s %s: status %d\n%s' % (memtrace, ' '.join(args), done.returncode, text(done.stderr)))
    return json.loads(text(done.stdout))


def compare(log, memtrace):
    differences = []

    def same(what, ours, theirs):
        if ours != theirs:
            differences.append('%s: here %r, memtrace %r' % (what, ours, theirs))

    report = run_memtrace(memtrace, 'report', '--json', log.name)
    lost = log.lost()
    if log.end == 0 or log.flags & FLAG_THREADS:
        log.settle()
    totals = log.totals()
    both = [totals[CLASSES[c]] for c in COUNTED]
    for key, name in (('allocated', 'allocated_bytes'), ('released', 'released_bytes'),
                      ('allocations', 'allocations'), ('releases', 'releases'), ('discarded', 'discarded_bytes')):
        same(name, sum(t[key] for t in both), report[name])
    same('live_bytes', log.finish_level if log.finish_time else log.level, report['live_bytes'])
    same('leaked_bytes', log.level, report['leaked_bytes'])  # check() compares it with what the counters say
    same('peak_bytes', max(log.peak, log.peak_before), report['peak_bytes'])
    same('pid', log.pid, report['pid'])
    same('program', text(log.exe) if log.exe else None, report['program'])
    same('argv', [text(a) for a in log.argv], report['argv'])
    same('start', log.process_start or log.start_real, report['start_time_ns'])
    same('log start', log.start_real, report['log_start_time_ns'])
    for key, ours in (('bytes', log.inherited), ('released_bytes', log.inherited_released), ('releases', log.inherited_releases)):
        same('inherited', ours, report['inherited_' + key])
    same('dropped_events', log.dropped_events, report['dropped_events'])
    same('lost events', lost, tuple(report['unattributed_' + key] for key in ('allocations', 'bytes', 'releases')))
    for name, t in totals.items():
        theirs = report['classes'][name]
        for key, ours in (('allocated', 'allocated'), ('released', 'released'), ('live', 'finished'), ('leaked', 'level'), ('peak', 'peak')):
            same('%s %s' % (name, key), t[ours], theirs[key + '_bytes'])
        for key in ('allocations', 'releases'):
            same('%s %s' % (name, key), t[key], theirs[key])
    compare_lines(log, report, same)
    for period in range(max(0, log.period - 2), log.period + 1 if log.period else 0):
        theirs = run_memtrace(memtrace, 'report', '--json', '--period', str(period), log.name)
        compare_lines(log, theirs, lambda what, *both: same('period %d: %s' % (period, what), *both), period)
    compare_sites(log, totals, run_memtrace(memtrace, 'sites', '--json', '-n', '0', log.name), same)
    return differences


UNKNOWN = ('released_bytes', 'increment_bytes', 'releases', 'rise_bytes', 'rise_most_bytes')


def compare_lines(log, report, same, period=None):
    theirs, twice = {}, set()
    for line in report['lines']:
        if line['language'] == 'Python':
            key = (line['file'], 'on return' if line.get('on_return') else line['line'], line['function'])
            if key in theirs:
                twice.add(key)  # functions of the same name that begin at different lines, in texts without a name of their own
            theirs[key] = line
    ours = python_lines(log, period)
    for key in twice:
        ours.pop(key)
        theirs.pop(key)
    same('Python lines', sorted(set(ours) - set(theirs), key=str), sorted(set(theirs) - set(ours), key=str))
    for key in sorted(set(ours) & set(theirs), key=str):
        for name, value in line_figures(ours[key]).items():
            if name == 'mem_usage_bytes' and (log.flags & FLAG_THREADS or log.origin):
                continue  # events of two threads may have the same tick: either may be the last
            if name in UNKNOWN and log.origin == 2:
                value = None  # what an imported log does not have
            same('%s:%s %s: %s' % (key + (name,)), value, theirs[key][name])


def compare_sites(log, totals, sites, same):
    keys = ('allocated', 'released', 'leaked', 'at_peak', 'at_peak_blocks', 'allocations', 'releases', 'temporary', 'temporary_bytes', 'slack')
    sums = {}
    for site in sites['sites']:
        t = sums.setdefault(site['class'], dict.fromkeys(keys, 0))
        for key in keys:
            t[key] += site[key if key in ('allocations', 'releases', 'at_peak_blocks') or key.startswith('temporary') else key + '_bytes']
    for name, ours in totals.items():
        for key in keys:
            if key.startswith('at_peak') and name not in [CLASSES[c] for c in COUNTED]:
                continue
            here, theirs = ours['live' if key == 'leaked' else key], sums.get(name, {}).get(key, 0)
            if log.end == 1 or abs(here - theirs) > log.level_of_live_peak:  # else an event under way: its bytes without its count are no site
                same('sites of class %s: %s' % (name, key), here, theirs)
