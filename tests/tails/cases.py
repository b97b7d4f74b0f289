# SPDX-License-Identifier: MIT
"""Programs whose comments say what their stacks are."""
import json
import os
import re
import shutil

from support.running import Failed, Skip, run

HERE = os.path.dirname(os.path.abspath(__file__))


def compiled(command):
    done = run(command)
    if done.status:
        raise Failed('%s: %s' % (' '.join(command), done.err[:2000]))


def make(folder, compiler, options, source):
    """The program of a source, with the library and the object that wrappers.c has beside it."""
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(HERE, name)  # noqa: E731
    out, more = os.path.join(folder, 'program'), []
    if source.endswith('.c'):
        library, hidden = os.path.join(folder, 'libother.so'), os.path.join(folder, 'hidden.o')
        compiled([compiler, *options, '-fPIC', '-shared', '-o', library, path('other.c')])
        compiled([compiler, *options, '-g0', '-c', '-o', hidden, path('hidden.c')])
        more = [hidden, library, '-Wl,-rpath,' + folder]
    compiled([compiler, *options, '-o', out, path(source), *more])
    return out


def expected(source):
    """Line of main -> [(function, line)], outermost first; line None: named without one."""
    text = []
    for name in (source, 'other.c'):
        with open(os.path.join(HERE, name)) as file:
            text.append(file.read().splitlines())
    jumps = {word: number for lines in reversed(text) for number, line in enumerate(lines, 1) for word in re.findall(r'jump (\w+)', line)}
    stacks = {}
    for number, line in enumerate(text[0], 1):
        for stack in re.findall(r'stack main ?([\w? ]*)', line):
            stacks[number] = [('main', number)] + [(name.rstrip('?'), None if name.endswith('?') else jumps[name]) for name in stack.split()]
    return stacks


def name_of(frame):
    """Without what it returns, its class, its template's and its own parameters."""
    return re.split(r'[(<]', (frame['function'] or '?').split('::')[-1])[0].split()[-1]


def shown(sites):
    """Line of main -> the stack below it as memtrace shows it: (function, line), and which of them are marked."""
    found = {}
    for site in sites:
        stack = [(name_of(frame), frame['line'], frame.get('tail_call')) for frame in reversed(site['stack']) if frame['file'] and HERE in frame['file']]
        if stack and site['allocations']:
            found[stack[0][1]] = stack
    return found


ON_STACK = {'main', 'plain', 'other_plain'}


def check(build, folder, compiler, options, source):
    if not shutil.which(compiler):
        return False
    program, log = make(folder, compiler, options, source), os.path.join(folder, 'log.mt')
    done = run([program], env=build.traced(log))
    if done.status:
        raise Failed('%s: status %d: %s' % (program, done.status, done.err))
    found = shown(build.sites(log))
    for line, stack in expected(source).items():
        if 'clang' in compiler and '-fno-plt' in options and stack[1:] and stack[1][0] == 'other_take':
            stack = stack[:1]  # clang says of a call by the global offset table that it does not know whom it calls
        if [frame[:2] for frame in found.get(line, ())] != stack:
            raise Failed('%s %s: line %d: %s instead of %s' % (compiler, ' '.join(options), line, found.get(line), stack))
        wrong = [frame for frame in found[line] if (frame[0] in ON_STACK) == bool(frame[2])]
        if wrong:
            raise Failed('%s: line %d: the mark of %s' % (compiler, line, wrong))
    return True


def wrappers(build, folder, asked):
    """Every compiler, version of DWARF and way to call the allocator names them with the right line, and names nothing that is in doubt."""
    done = 0
    for source, compilers in (('wrappers.c', ('gcc', 'clang')), ('wrappers.cc', ('g++', 'clang++'))):
        for compiler in compilers:
            for options in (['-O2', '-gdwarf-5'], ['-O2', '-gdwarf-4'], ['-O2', '-g', '-fno-plt'], ['-O3', '-g', '-fPIE', '-pie']):
                done += check(build, os.path.join(folder, '%s%d' % (compiler, done)), compiler, options, source)
    if not done:
        raise Skip('there is no compiler here')


def sizes(build, folder, asked):
    """The sizes of call sites that a tail call left are known of several processes as of one."""
    program, logs = make(folder, 'gcc', ['-O2', '-g'], 'wrappers.c'), [os.path.join(folder, name) for name in ('a.mt', 'b.mt')]
    for log in logs:
        if run([program], env=build.traced(log)).status:
            raise Failed('the program failed')
    one = json.loads(build.view('sites', '--histogram', '--json', '-n', '0', logs[0]))['sites']
    both = json.loads(build.view('sites', '--histogram', '--json', '-n', '0', *logs))['sites']
    counts = [sum(size['allocations'] for site in sites for size in site['sizes']) for sites in (one, both)]
    if not counts[0] or counts != [sum(site['allocations'] for site in sites) for sites in (one, both)] or counts[1] != 2 * counts[0]:
        raise Failed('sizes of %d allocations of one process, of %d of two: %s' % (*counts, both))


def views(build, folder, asked):
    """The mark stands in every view, in a packed file's as well, where neither the program nor its source is."""
    program, log = make(folder, 'gcc', ['-O2', '-g'], 'wrappers.c'), os.path.join(folder, 'log.mt')
    if run([program], env=build.traced(log)).status:
        raise Failed('the program failed')
    collapsed = build.view('export', '--format', 'collapsed', log)
    texts = {'sites': build.view('sites', '--all', '-n', '0', log), 'tree': build.view('tree', '--all', '--min-share', '0', log), 'export': collapsed}
    for verb, text in texts.items():
        if 'outer (tail call)' not in text or 'plain (tail call)' in text.replace('to_plain (tail call)', ''):
            raise Failed('%s: %s' % (verb, text))
    lines = json.loads(build.view('lines', '--json', '-f', 'outer', log))
    if '"tail_call": "always"' not in json.dumps(lines):
        raise Failed('lines --json: %s' % lines)
    before = {verb: build.view(*verb.split(), log) for verb in ('sites --json -n 0', 'tree --all', 'report --json')}
    build.view('pack', '-o', log + 'z', log)
    shutil.move(program, program + '.gone')
    os.environ['XDG_CACHE_HOME'] = os.path.join(folder, 'empty')
    for verb, text in before.items():
        packed = build.view(*verb.split(), log + 'z').replace('log.mtz', 'log.mt')
        if packed != text:
            raise Failed('%s of the packed log differs: %s instead of %s' % (verb, packed, text))
