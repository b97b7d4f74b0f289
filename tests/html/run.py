#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT [SHOTS]: pages of memtrace html in a headless Chromium, driven as a person would.

SHOTS: a folder for pictures of the page. Exit status 77: Chromium, npm or its packages are not here, or memtrace was built without the
page."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support import notebook  # noqa: E402
from support.build import Build  # noqa: E402
from support.npm import packages  # noqa: E402
from support.pythons import with_modules  # noqa: E402
from support.running import Skip, run  # noqa: E402

sys.path.insert(0, HERE)
import changed  # noqa: E402

PROGRAM = os.path.join(HERE, 'programs.py')


class Missing(Exception):
    pass


def needs(build):
    browser = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
    if not browser or not shutil.which('npm') or not shutil.which('node'):
        raise Missing('no chromium, npm or node')
    if 'without the page' in run([build.memtrace, 'html', os.devnull]).err:
        raise Missing('memtrace was built without the page')
    return browser, packages(HERE, build.path('html-tests'))


def trace(build, folder, command, name='log.mt', **more):
    log = os.path.join(folder, name)
    done = subprocess.run(command, env=build.traced(log, **more), capture_output=True, text=True)
    if done.returncode:
        sys.exit('%s: status %d: %s' % (command, done.returncode, done.stderr[-2000:]))
    return log


def page(build, folder, *arguments):
    out = os.path.join(folder, 'page.html')
    done = run([build.memtrace, 'html', '--force', '-o', out, *arguments])
    if done.status:
        sys.exit('memtrace html: status %d: %s' % (done.status, done.err))
    return out


def marked():
    with open(PROGRAM) as file:
        return {found[1]: number for number, line in enumerate(file, 1) for found in [re.search(r'# ([A-Z]+)$', line)] if found}


def walk(build, folder, shots):
    log = trace(build, folder, [sys.executable, PROGRAM, 'plain'])
    return {'page': page(build, folder, log), 'report': build.report(log), 'lines': marked(), 'shots': shots}


def hostile(build, folder, shots):
    log = trace(build, folder, [sys.executable, PROGRAM, 'hostile', '</title><script>window.hit=1</script>', '\u202e'])
    out = page(build, folder, log)
    with open(out) as file:
        text = file.read()
    start = text.index('id="columns-0">') + len('id="columns-0">')
    damaged = {'cut': text[:start + 400] + text[text.index('</script>', start):], 'changed': text[:start + 400] + ('A' if text[start + 400] != 'A' else 'B') + text[start + 401:],
               'version': text[:start] + 'TVRQMg' + text[start + 6:], 'none': text.replace('id="columns-0"', 'id="columns-9"')}
    for name, changed in damaged.items():
        damaged[name] = os.path.join(folder, name + '.html')
        with open(damaged[name], 'w') as file:
            file.write(changed)
    both = os.path.join(folder, 'both.html')
    other = trace(build, folder, [sys.executable, '-c', 'pass'], 'other.mt')
    done = run([build.memtrace, 'html', '--diff', '-o', both, other, log])
    if done.status:
        sys.exit('memtrace html --diff: status %d: %s' % (done.status, done.err))
    return {'page': out, 'damaged': damaged, 'both': both}


def family(build, folder, shots):
    logs = os.path.join(folder, 'logs')
    os.mkdir(logs)
    command = 'import subprocess, sys; kept = bytearray(3000000); [subprocess.check_call([sys.executable, "-c", "x = bytearray(%d)" % n]) for n in (1000000, 2000000)]'
    trace(build, logs, [sys.executable, '-c', command], 'log.%p.mt')
    files = [os.path.join(logs, name) for name in sorted(os.listdir(logs))]
    reports = [{key: report[key] for key in ('pid', 'peak_bytes', 'live_bytes', 'allocated_bytes', 'releases')} for report in map(build.report, files)]
    return {'page': page(build, folder, *files), 'reports': reports}


def executed(build, folder, shots):
    """A notebook that was executed under memtrace, as HTML."""
    python, path = with_modules(*notebook.MODULES), os.path.join(folder, 'book.ipynb')
    notebook.write(path, ['%load_ext memtrace', notebook.TAKE, '%mprun -f take kept = take(8)', '%memit take(8)', '%%memtrace\nother = take(6)'])
    environment = {**build.traced(os.path.join(folder, '%p.mt')), **notebook.environment(folder), 'PYTHONPATH': build.module}
    for command in notebook.convert(python, path), [python, '-m', 'nbconvert', '--to', 'html', os.path.join(folder, 'book.nbconvert.ipynb')]:
        done = run(command, environment, cwd=folder)
        if done.status:
            sys.exit('%s: status %d: %s' % (command, done.status, done.err[-2000:]))
    return {'page': os.path.join(folder, 'book.nbconvert.html'), 'lines': notebook.TAKE.splitlines(), 'shots': shots}


def compiled(folder, name, text):
    source, program = os.path.join(folder, name + '.c'), os.path.join(folder, name)
    with open(source, 'w') as file:
        file.write(text)
    compiler = shutil.which('cc')
    if not compiler:
        raise Skip('no C compiler')
    done = run([compiler, '-g', '-O1', '-fno-builtin', '-o', program, source])
    if done.status:
        sys.exit(done.err)
    return program


def commands(folder):
    """By name: the two versions of a program that is traced, their texts, and how many times each runs."""
    def script(version, text):
        path = os.path.join(folder, version, 'work.py')
        with open(path, 'w') as file:
            file.write(text)
        return [sys.executable, path]
    for version in 'old', 'new':
        os.makedirs(os.path.join(folder, version))
    python = [script('old', changed.PYTHON_OLD), script('new', changed.PYTHON_NEW)]
    native = [[compiled(os.path.join(folder, version), 'work', text)] for version, text in (('old', changed.C_OLD), ('new', changed.C_NEW))]
    return {'python': (python, changed.PYTHON_OLD, changed.PYTHON_NEW, 1), 'native': (native, changed.C_OLD, changed.C_NEW, 1),
            'several': (python, changed.PYTHON_OLD, changed.PYTHON_NEW, 3), 'same': ([python[0], python[0]], changed.PYTHON_OLD, changed.PYTHON_OLD, 7)}  # of three, all of one side are above the other by chance in one run of ten


METRICS = 'peak', 'live', 'leaked', 'allocated', 'allocations', 'released', 'temporary', 'slack'


def changes(build, folder, shots):
    """Pages of what changed, with what memtrace diff says of the same logs, by metric."""
    pages = {}
    for name, (versions, old, new, runs) in commands(folder).items():
        sides = [[trace(build, folder, command, '%s-%s-%d.mt' % (name, side, i)) for i in range(runs)] for side, command in zip(('old', 'new'), versions)]
        sides = [*sides[0], '--', *sides[1]]
        path = os.path.join(folder, name + '.html')
        shutil.move(page(build, folder, '--diff', *sides), path)
        diffs = {metric: json.loads(build.view('diff', '--json', '-n', '0', '--min-share', '0', '--metric', metric, *sides)) for metric in METRICS}
        pages[name] = {'page': path, 'diffs': diffs, 'runs': runs, 'old': changed.lines(old), 'new': changed.lines(new)}
    return {'pages': pages, 'shots': shots}


def advice(build, folder, shots):
    program, pages = compiled(folder, 'advised', changed.ADVISED), {}
    for name, arguments in (('faults', ['x']), ('none', [])):
        log, path = trace(build, folder, [program, *arguments], name + '.mt'), os.path.join(folder, name + '.html')
        shutil.move(page(build, folder, log), path)
        pages[name] = {'page': path, 'why': json.loads(build.view('why', '--json', log))}
    return {'pages': pages, 'lines': changed.lines(changed.ADVISED), 'shots': shots}


def full(build, folder, shots):
    """A log without room for call sites."""
    program = compiled(folder, 'work', changed.C_OLD)
    log, cut = trace(build, folder, [program]), trace(build, folder, [program], 'full.mt', MEMTRACE_MAX_LOG='1')
    both = os.path.join(folder, 'both.html')
    shutil.move(page(build, folder, '--diff', log, cut), both)
    return {'page': page(build, folder, cut), 'both': both, 'words': 'call sites that are not known: the log was full', 'peak': build.report(cut)['peak_bytes']}


SUBJECTS = {'walk': walk, 'hostile': hostile, 'family': family, 'notebook': executed, 'changes': changes, 'advice': advice, 'full': full}


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(SUBJECTS))
        return 0
    build, subject = Build(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix='memtrace-html-') as folder:
        facts = os.path.join(folder, 'facts.json')
        try:
            browser, modules = needs(build)
            with open(facts, 'w') as file:
                json.dump(SUBJECTS[subject](build, folder, sys.argv[3] if len(sys.argv) > 3 else None), file)
        except (Missing, Skip) as why:
            print('skipped:', why)
            return 77
        environment = {**os.environ, 'HOME': folder}  # the browser's own folders
        return subprocess.run(['node', os.path.join(HERE, subject + '.mjs'), browser, modules, facts], env=environment).returncode


if __name__ == '__main__':
    sys.exit(main())
