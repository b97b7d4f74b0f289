# SPDX-License-Identifier: MIT
"""scripts/analyze's work: analyze.py BUILD JOBS TOOLS [FILE...]. Prints what the tools found; exit status 1: something."""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Of the compiler's flags the analysers get what says how the source is to be read; clang does not know some of the others.
MEANING = re.compile(r'-(D|I|isystem|std=|include|f(no-)?(builtin|visibility|PIC|exceptions|rtti))')
GCC = ['-fanalyzer', '-O1', '-Wno-analyzer-malloc-leak', '-Wno-analyzer-file-leak', '-c', '-o', os.devnull, '-x', 'c']
TOGETHER = {'clang-tidy': 10}  # files in one call, where to start takes longer than a file


def meaning(command):
    words, kept = shlex.split(command), []
    for word, after in zip(words, words[1:] + ['']):
        if MEANING.match(word):
            kept += [word, after] if word in ('-isystem', '-include', '-I', '-D') else [word]
    return kept


def commands(build, wanted):
    """C file -> flags; of a file that several targets compile, those of the first."""
    with open(os.path.join(build, 'compile_commands.json')) as f:
        entries = json.load(f)
    found = {}
    for entry in entries:
        file = os.path.relpath(os.path.join(entry['directory'], entry['file']), ROOT)
        if re.match(r'(interpose|report)/.*\.c$', file) and (not wanted or file in wanted):
            found.setdefault(file, meaning(entry['command']))
    return found


def headers():
    """What a change of any header means for all files: the digest of all of them."""
    digest = hashlib.sha256()
    for top in 'interpose', 'report':
        for folder, _, names in sorted(os.walk(os.path.join(ROOT, top))):
            for name in sorted(names):
                if name.endswith(('.h', '.def')):
                    with open(os.path.join(folder, name), 'rb') as f:
                        digest.update(name.encode() + b'\0' + f.read())
    return digest.hexdigest()


class Tool:
    """A tool, what it is asked, and whether a file was found clean before."""

    def __init__(self, name, build, shared):
        self.name, self.folder = name, os.path.join(build, 'analyze', name)
        os.makedirs(self.folder, exist_ok=True)
        digest = hashlib.sha256(shared.encode())
        for path in '.clang-tidy', 'scripts/analyze.py', 'scripts/analyze.cppcheck', 'scripts/analyze.gcc':
            with open(os.path.join(ROOT, path), 'rb') as f:
                digest.update(f.read())
        digest.update(subprocess.run([name, '--version'], stdout=subprocess.PIPE, check=True).stdout)
        self.shared = digest.digest()
        with open(os.path.join(ROOT, 'scripts', 'analyze.gcc')) as f:
            self.wrong = {words[0]: words[1:] for words in map(str.split, f) if words and words[0] != '#'}

    def command(self, files, flags):
        if self.name == 'clang-tidy':
            return ['clang-tidy', '--quiet', '--config-file=.clang-tidy', *files, '--', *flags]
        file, = files
        if self.name == 'gcc':
            return ['gcc', *flags, *GCC, *self.wrong.get(file, ()), file]
        kept = [flag for flag in flags if flag.startswith(('-D', '-I'))]
        machine = ['-D__%s__' % os.uname().machine, '-D__linux__', '-DElfW(type)=Elf64_##type', '-D_GNU_SOURCE']
        return ['cppcheck', '--quiet', '--enable=warning,performance,portability', '--inline-suppr', '--error-exitcode=1', '--language=c',
                '--std=c11', '--suppressions-list=scripts/analyze.cppcheck', '--template={file}:{line}: {message} [{id}]', *machine, *kept, file]

    def mark(self, file):
        return os.path.join(self.folder, file.replace('/', '-'))

    def state(self, file, flags):
        with open(os.path.join(ROOT, file), 'rb') as f:
            return hashlib.sha256(self.shared + repr(self.command([file], flags)).encode() + f.read()).hexdigest()

    def is_known(self, file, flags):
        try:
            with open(self.mark(file)) as f:
                return f.read() == self.state(file, flags)
        except FileNotFoundError:
            return False

    def jobs(self, found):
        """(files, their flags) of what is not known to be clean."""
        alike = {}
        for file, flags in sorted(found.items()):
            if not self.is_known(file, flags):
                alike.setdefault(tuple(flags), []).append(file)
        most = TOGETHER.get(self.name, 1)
        return [(files[i:i + most], flags) for flags, files in alike.items() for i in range(0, len(files), most)]

    def run(self, files, flags):
        """What it has to say: a text for each file that is not clean. Files that are not all clean are looked at one by one."""
        states = [self.state(file, flags) for file in files]
        done = subprocess.run(self.command(files, flags), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        said = '\n'.join(line for line in done.stdout.splitlines() if not re.match(r'\d+ warnings? (treated|generated)', line))
        if done.returncode == 0 and 'warning:' not in said:
            for file, state in zip(files, states):
                with open(self.mark(file), 'w') as f:
                    f.write(state)
            return []
        if len(files) > 1:
            return [text for file in files for text in self.run([file], flags)]
        return [said or '%s: %s: exit status %d' % (files[0], self.name, done.returncode)]


def main():
    build, jobs, tools, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(), sys.argv[4:]
    found = commands(build, {os.path.relpath(os.path.abspath(file), ROOT) for file in wanted})
    if not found:
        sys.exit('analyze: none of these files is compiled in %s' % build)
    shared, bad = headers(), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for tool in (Tool(name, build, shared) for name in tools):
            said = [text for texts in pool.map(lambda job: tool.run(*job), tool.jobs(found)) for text in texts]
            bad += len(said)
            for text in said:
                print(text)
            print('%s: %d files, of which %d have findings' % (tool.name, len(found), len(said)), flush=True)
    sys.exit(1 if bad else 0)


main()
