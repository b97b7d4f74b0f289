# SPDX-License-Identifier: MIT
"""complete.py MEMTRACE SHELL: what SHELL (bash, zsh or fish) completes is what --help says, and nothing else.

bash and zsh run on a terminal of their own. A text is typed there, a key inserts all completions, and another key writes the line to a
fifo, so that nothing is read off the screen. fish prints its completions when asked. Exit status 77: there is no such shell."""
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

BASH = r'''
PATH=%(bin)s:/usr/bin:/bin
. <(memtrace completions bash)
bind 'set completion-query-items 0'
bind 'set enable-bracketed-paste off'
bind '"\C-x\C-a": insert-completions'
bind '"\C-x\C-k": kill-whole-line'
show() { printf '%%s\n' "$READLINE_LINE" >%(fifo)s; }
bind -x '"\C-x\C-b": show'
'''

ZSH = r'''
path=(%(bin)s /usr/bin /bin)
bindkey -e
autoload -Uz compinit
compinit -u -D
. <(memtrace completions zsh)
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
zle -C all-matches complete-word _generic
show() { print -r -- "$BUFFER" >%(fifo)s }
zle -N show
unset zle_bracketed_paste
LISTMAX=0
bindkey '^X^A' all-matches '^X^K' kill-buffer '^X^B' show
'''


def words(line):
    return [word.replace('\\', '') for word in line.split()]


class Typed:
    """A shell on a terminal."""

    def __init__(self, command, folder, fifo, env):
        self.fifo = fifo
        pid, self.master = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, env)
        self.pid = pid
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        try:
            while os.read(self.master, 65536):
                pass
        except OSError:
            pass

    def offered(self, text):
        os.write(self.master, text.encode() + b'\x18\x01\x18\x02')
        with open(self.fifo) as fifo:
            line = fifo.read().rstrip('\n')
        os.write(self.master, b'\x18\x0b')
        whole, typed = words(line), words(text)
        if text.endswith(' '):
            typed.append('')
        return self.part(whole, typed, text)

    @staticmethod
    def part(whole, typed, text):
        """What stands there now in the place of the last word; nothing if that is as it was."""
        new = whole[len(typed) - 1:]
        return [] if new == [typed[-1]] and text[-1:] not in '-=' else [word for word in new if word != typed[-1]]

    def close(self):
        os.write(self.master, b'\x18\x0b exit\n')
        os.waitpid(self.pid, 0)
        os.close(self.master)


class Fish:
    def __init__(self, folder, env):
        self.folder, self.env = folder, env

    def offered(self, text):
        done = subprocess.run(['fish', '--no-config', '-c', 'memtrace completions fish | source; complete -C $argv[1]', text], cwd=self.folder,
                              env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        assert done.returncode in (0, 1) and not done.stderr, done
        return [line.split('\t')[0] for line in done.stdout.splitlines()]

    def close(self):
        pass


class Completions(unittest.TestCase):
    memtrace = shell = None

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix='memtrace-complete-')
        cls.addClassCleanup(shutil.rmtree, cls.top)
        files, home, programs = (os.path.join(cls.top, name) for name in ('files', 'home', 'bin'))
        for folder in files, home, programs, os.path.join(files, 'logs'):
            os.mkdir(folder)
        os.symlink(cls.memtrace, os.path.join(programs, 'memtrace'))
        for name in 'a.mt', 'b.txt', 'logs/c.mt':
            open(os.path.join(files, name), 'w').close()
        fifo = os.path.join(cls.top, 'fifo')
        os.mkfifo(fifo)
        env = dict(os.environ, HOME=home, ZDOTDIR=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home, TERM='dumb', LC_ALL='C.UTF-8', COLUMNS='200',
                   PATH=programs + ':/usr/bin:/bin')
        given = {'bin': programs, 'fifo': fifo}
        for name, text in ('.bashrc', BASH), ('.zshrc', ZSH):
            with open(os.path.join(home, name), 'w') as rc:
                rc.write(text % given)
        if cls.shell == 'fish':
            cls.at = Fish(files, env)
        else:
            command = {'bash': ['bash', '--noprofile', '--rcfile', os.path.join(home, '.bashrc'), '-i'], 'zsh': ['zsh', '-i']}[cls.shell]
            cls.at = Typed(command, files, fifo, env)
        cls.addClassCleanup(cls.at.close)
        cls.verbs = re.findall(r'^  ([a-z]+)  +\S', cls.help(), re.M)

    @classmethod
    def help(cls, *verb):
        return subprocess.run([cls.memtrace, *verb, '--help'], stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout

    @classmethod
    def options(cls, *verb):
        """As --help has them: (letter, name, argument)."""
        return re.findall(r'^  (?:(-\w), |    |)(--[\w-]+)(?: (\S+))?', cls.help(*verb).split('\nexample:')[0], re.M)

    def same(self, text, expected):
        """Exactly these, each once."""
        self.assertEqual(sorted(word.rstrip('/=,') for word in self.at.offered(text)), sorted(expected), text)

    def test_verbs(self):
        self.assertGreater(len(self.verbs), 10)
        self.same('memtrace ', self.verbs + ['a.mt', 'logs'])
        self.same('memtrace -', [name for _, name, _ in self.options()])

    def test_options(self):
        for verb in self.verbs:
            options = self.options(verb)
            names = [name for _, name, _ in options] + ['--help']
            self.same('memtrace %s -' % verb, names + [letter for letter, _, _ in options if letter])
            self.same('memtrace %s --' % verb, names)

    def test_values(self):
        """Each word is one that the verb takes, and what is no such word is refused with all of them."""
        for verb in self.verbs:
            for letter, name, argument in self.options(verb):
                typed = 'memtrace %s %s ' % (verb, name)
                if not argument or argument in ('FILE', 'LOG', 'DIR'):
                    continue
                said = subprocess.run([self.memtrace, verb, name, 'nonsense!', 'x'], stderr=subprocess.PIPE, universal_newlines=True).stderr
                listed = re.search(r"takes ([a-z]+(?:, [a-z]+)*,? (?:or|and) [a-z]+)(?:, or several.*)?, not 'nonsense!'", said)
                self.same(typed, re.split(r', | or | and ', listed[1]) if listed else [])
        self.assertEqual(sorted(word.split('=')[-1] for word in self.at.offered('memtrace report --metric=allo')), ['allocated', 'allocations'])
        self.same('memtrace tree --by li', ['line'])

    def test_lists(self):
        offered = {word.rstrip(',').split(',')[-1] for word in self.at.offered('memtrace tree --class heap,')}
        self.assertEqual(offered - {'heap'}, {'anonymous', 'file', 'reserved', 'shared'})

    def test_files(self):
        self.same('memtrace tree ', ['a.mt', 'logs'])
        self.same('memtrace tree logs/', ['logs/c.mt'])
        self.same('memtrace html -o ', ['a.mt', 'b.txt', 'logs'])
        self.same('memtrace tree --search ', ['logs'])
        self.same('memtrace completions ', ['bash', 'zsh', 'fish'])

    def test_a_log_in_the_place_of_a_verb_is_a_report(self):
        letters, names = zip(*[option[:2] for option in self.options('report')])
        self.same('memtrace a.mt --', list(names) + ['--help'])

    def test_a_program_has_its_own_options(self):
        self.same('memtrace run -o x.mt memtr', ['memtrace'])
        self.assertIn('b.txt', self.at.offered('memtrace run --min-peak 1M -- cat b'))
        self.assertNotIn('--min-peak', self.at.offered('memtrace run cat --m'))


def main():
    Completions.memtrace, Completions.shell = os.path.abspath(sys.argv[1]), sys.argv[2]
    if not shutil.which(Completions.shell):
        print('skipped: %s is not here' % Completions.shell)
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])


main()
