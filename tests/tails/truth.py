# SPDX-License-Identifier: MIT
"""One program: compiled, run, and what memtrace names compared with the truth."""
import os

from support.running import Failed, run

FRAMES_OF_OURS = ('main', 'end')


def is_ours(name):
    name = (name or '').split('(')[0]
    return name in FRAMES_OF_OURS or (name[:1] == 's' and name[1:].isdigit())


def compile_program(program, folder, options):
    """The executable; its libraries lie beside it."""
    os.makedirs(folder)
    names = sorted(program.sources)
    for name in names:
        with open(os.path.join(os.path.dirname(folder), name), 'w') as file:
            file.write(program.sources[name])
    common = [program.compiler, '-w', *options]
    libraries = [name for name in names if name.split('.')[0] in program.libraries]
    paths = [os.path.join(os.path.dirname(folder), name) for name in names if name not in libraries]
    linked = []
    for name in libraries:
        linked.append(os.path.join(folder, 'lib%s.so' % name.split('.')[0]))
        compiled([*common, '-fPIC', '-shared', '-o', linked[-1], os.path.join(os.path.dirname(folder), name)])
    out = os.path.join(folder, 'program')
    compiled([*common, '-rdynamic', '-o', out, *paths, *linked, '-Wl,-rpath,' + folder, '-Wl,--allow-shlib-undefined'])
    return out


def compiled(command):
    done = run(command)
    if done.status:
        raise Failed('%s: %s' % (' '.join(command), done.err[:2000]))


def stacks(build, folder, name, program):
    """Of the log of a run: (size of one allocation, its line in main) -> its stacks, the outermost frame first: (function, line, mark, file)."""
    log = os.path.join(folder, name + '.mt')
    done = run([program], env=build.traced(log))
    if done.status:
        raise Failed('%s: status %d: %s' % (program, done.status, done.err[:2000]))
    found = {}
    for site in build.sites(log):
        if not site['allocations']:
            continue
        stack = [((f['function'] or '').split('(')[0], f['line'], f.get('tail_call'), os.path.basename(f['file'] or '')) for f in reversed(site['stack']) if is_ours(f['function'])]
        if not stack or stack[0][0] != 'main':
            continue
        size = site['allocated_bytes'] // site['allocations']
        found.setdefault((size, stack[0][1]), []).append(stack)
    return found


class Verdict:
    """What came of a program."""

    def __init__(self, program):
        self.wrong, self.lost, self.named, self.exact, self.merged = [], 0, 0, 0, 0
        self.gcc = program.compiler.startswith('g')

    def same(self, shown, true):
        """Is it this line of this function? Lines of frames that the stack has, and that of a jump which GCC made of two, are the compiler's."""
        return shown[0] == true[0] and (shown[1] in (None, true[1]) or shown[2] is None or self.gcc)

    def missing(self, shown, true):
        """How many frames of `true` are not shown; None: `shown` is not a part of it, in its order."""
        at = 0
        for frame in true:
            at += at < len(shown) and self.same(shown[at], frame)
        return len(true) - at if at == len(shown) else None

    def take(self, shown, true):
        """`shown` has what the optimised program's stack shows; one of `true` is what happened."""
        found = [missing for missing in (self.missing(shown, stack) for stack in true) if missing is not None]
        if not found:
            there = [frame for frame in shown if frame[2] is None]
            if len(there) == len(shown) or all(self.missing(there, stack) is None for stack in true):
                return  # what the compiler says of the frames that there are is wrong already
            self.wrong.append((shown, true))
            return
        marked = sum(frame[2] is not None for frame in shown)
        lines = {(frame[0], frame[1]) for stack in true for frame in stack}
        self.merged += any(frame[1] and frame[2] and frame[:2] not in lines for frame in shown)
        self.named += marked
        self.lost += marked + min(found)
        self.exact += marked > 0 and not min(found)


def judge(build, program, folder):
    verdict = Verdict(program)
    fast = stacks(build, folder, 'fast', compile_program(program, os.path.join(folder, 'fast'), program.options))
    true = stacks(build, folder, 'true', compile_program(program, os.path.join(folder, 'true'), ['-O0', '-g']))
    for key, shown in fast.items():
        if key not in true:
            raise Failed('an allocation of %d bytes below line %s is not in the program that tells the truth' % key)
        for stack in shown:
            verdict.take(stack, true[key])
    return verdict
