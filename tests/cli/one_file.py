# SPDX-License-Identifier: MIT
"""memtrace html: the file, and what is packed in it, read by report/SCHEMA.md alone."""
import base64
import json
import os
import re
import struct
import sys
import unittest
import zlib

from common import Case, line_of

FIGURES = {'peak': 'peak_bytes', 'live': 'live_bytes', 'leaked': 'leaked_bytes', 'allocated': 'allocated_bytes', 'allocations': 'allocations',
           'released': 'released_bytes'}


class Page:
    def __init__(self, text, number=0):
        self.text = text
        self.facts = json.loads(self.body('facts-%d' % number))
        self.bytes = self.body('columns-%d' % number)

    def body(self, name):
        packed = base64.b64decode(re.search('<script type="application/octet-stream" id="%s">([^<]*)</script>' % name, self.text)[1])
        magic, length, crc, rest = struct.unpack('<4sIII', packed[:16])
        assert magic == b'MTP1' and rest == len(packed) - 16, packed[:16]
        body = zlib.decompress(packed[16:], -15)
        assert len(body) == length and zlib.crc32(body) == crc
        return body

    def numbers(self, name, signed=False):
        at, size, count = self.facts['columns'][name]
        values, value, shift = [], 0, 0
        for byte in self.bytes[at:at + size]:
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                values.append(-(value + 1) // 2 if signed and value & 1 else value // 2 if signed else value)
                value = shift = 0
        assert len(values) == count, name
        return values

    def texts(self, name):
        at, size, count = self.facts['columns'][name]
        texts = self.bytes[at:at + size].decode().split('\0')[:-1]
        assert len(texts) == count, name
        return texts

    def tree(self):
        """Rows as (level, frame or None); the root is not there."""
        level, rows = 0, []
        for up, frame in zip(self.numbers('tree.up'), self.numbers('tree.frame')):
            level += 1 - up
            rows.append((level, frame - 1 if frame else None))
        return rows

    def totals(self, metric):
        """What the rows of the first level come to, and the root's own."""
        own = next(m['own'] for m in self.facts['metrics'] if m['name'] == metric)
        return own + sum(self.numbers('tree.' + metric, True))


class OneFile(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if 'without the page' in cls.memtrace('html', cls.log).stderr:
            raise unittest.SkipTest('memtrace was built without the page')
        cls.report = json.loads(cls.memtrace('report', '--json', cls.log).stdout)

    def page(self, *options, log=None):
        p = self.memtrace('html', '-o', '-', *options, log or self.log)
        self.assertEqual((p.returncode, p.stderr), (0, ''))
        return Page(p.stdout)

    def test_figures_are_the_reports(self):
        page = self.page()
        for metric, member in FIGURES.items():
            self.assertEqual(page.totals(metric), self.report[member], metric)
            self.assertEqual(next(m['total'] for m in page.facts['metrics'] if m['name'] == metric), self.report[member])
        self.assertEqual(page.facts['folded']['others'], 0)
        functions = [page.texts('text')[i - 1] if i else None for i in page.numbers('function.name')]
        frames = list(zip(page.numbers('frame.function'), page.numbers('frame.line')))
        held = {}
        for (level, frame), own in zip(page.tree(), page.numbers('tree.peak', True)):
            if own:
                function, line = frames[frame]
                held[functions[function - 1], line - 1] = held.get((functions[function - 1], line - 1), 0) + own
        self.assertEqual(held['take', line_of('TAKE')], 8000000)
        lines = dict(zip(page.numbers('line.frame'), page.numbers('line.allocated', True)))
        gone = next(i for i, (f, line) in enumerate(frames) if f and functions[f - 1] == 'main' and line - 1 == line_of('GONE'))
        self.assertEqual(lines[gone + 1], 8000000)
        first = page.facts['questions']['peak']['lines'][0]
        self.assertEqual((first['bytes'], frames[first['frame']][1] - 1), (8000000, line_of('TAKE')))

    def test_folded_it_adds_up(self):
        log = self.path('many.mt')
        self.assertEqual(self.memtrace('run', '-o', log, sys.executable, '-c', 'import json').returncode, 0)
        report = json.loads(self.memtrace('report', '--json', log).stdout)
        sizes = []
        for options in (), ('--budget', '60'), ('--min-share', '1'), ('--budget', '0', '--min-share', '50'):
            page = self.page(*options, log=log)
            folded = page.facts['folded']
            for metric, member in FIGURES.items():
                self.assertEqual(page.totals(metric), report[member], (options, metric))
            self.assertEqual(sum(page.numbers('tree.folded')) + folded['kept'], folded['nodes'])
            self.assertEqual(len(page.tree()) + 1, folded['kept'] + folded['others'])
            sizes.append(folded['kept'])
            if options == ('--budget', '60'):
                self.assertLess(sum(len(part) for part in re.findall('octet-stream"[^>]*>([^<]*)<', page.text)), 66000)
        self.assertEqual(sizes[0], folded['nodes'])
        self.assertLess(sizes[1], sizes[0])
        self.assertLess(sizes[3], sizes[2])
        self.assertLess(sizes[-1], sizes[0] / 10)

    def test_filters_are_sites(self):
        page = self.page('--function', 'main', '--class', 'heap')
        sites = json.loads(self.memtrace('sites', '--json', '-n', '0', '--function', 'main', '--class', 'heap', self.log).stdout)['sites']
        self.assertEqual(page.totals('allocated'), sum(site['allocated_bytes'] for site in sites))
        self.assertNotIn('questions', page.facts)

    def test_source(self):
        text = self.page().texts('source.text')
        self.assertTrue(any('/* TAKE */' in line for line in text))
        self.assertLess(len(text), len(self.page('--source', 'functions').texts('source.text')) + 20)
        self.assertEqual(self.page('--source', 'none').texts('source.text'), [])
        self.fails(self.memtrace('html', '--source', 'all', self.log), 2, "none, lines or functions, not 'all'")

    def test_redacted(self):
        home, log = self.path('home'), self.path('secret.mt')
        os.makedirs(home, exist_ok=True)
        source, program = os.path.join(home, 'secret.c'), os.path.join(home, 'secret')
        with open(source, 'wb') as out, open(self.source, 'rb') as program_source:
            out.write(program_source.read())
        self.cc('-g', '-O1', source, '-o', program)
        self.assertEqual(self.memtrace('run', '-o', log, program, '0', 'token-4711').returncode, 0)
        for redacted in False, True:
            p = self.memtrace('html', '-o', '-', *['--redact'] * redacted, log, HOME=home)
            page = Page(p.stdout)
            everything = p.stdout + json.dumps(page.facts) + page.bytes.decode('latin1')
            for word in 'token-4711', home, '/* TAKE */':
                self.assertEqual(word in everything, not redacted, word)
        self.assertIn('~/secret.c', everything)

    def test_without_scripts(self):
        text = self.page().text
        table = text[text.index('<noscript>'):text.index('</noscript>')]
        self.assertIn('program.c:%d  take' % line_of('TAKE'), table)
        self.assertIn('7.63 MiB', table)

    def test_policy(self):
        """It comes first, and only what it names by hash stands there."""
        import hashlib
        text = self.page().text
        policy = re.search('<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[1]
        self.assertTrue(policy.startswith("default-src 'none'; "), policy)
        scripts, styles = re.findall('<script>(.*?)</script>', text, re.S), re.findall('<style>(.*?)</style>', text, re.S)
        self.assertEqual((len(scripts), len(styles)), (1, 1))
        for word, content in ('script', scripts[0]), ('style', styles[0]):
            self.assertIn("%s-src 'sha256-%s'" % (word, base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()), policy)
        self.assertNotRegex(text.split('<script type')[0], r'https?://|\ssrc=|\shref="[^#]')
        self.assertLess(len(text) - sum(len(part) for part in re.findall('octet-stream"[^>]*>([^<]*)<', text)), 152000)

    def test_files(self):
        os.makedirs(self.path('out'), exist_ok=True)
        name = self.path('out/page.html')
        self.assertEqual(self.memtrace('html', '-o', name, self.log).returncode, 0)
        before = self.read(name)
        self.assertEqual(self.memtrace('html', '-o', name, '--source', 'none', self.log).returncode, 0)
        self.assertNotEqual(self.read(name), before)
        log = self.read(self.log)
        self.fails(self.memtrace('html', '-o', self.log, self.log), 2, 'is no page of memtrace html', '--force')
        self.assertEqual(self.read(self.log), log)
        other = self.write('out/notes.html', b'<!DOCTYPE html>\nmine\n')
        self.fails(self.memtrace('html', '-o', other, self.log), 2, other)
        self.assertEqual(self.memtrace('html', '--force', '-o', other, self.log).returncode, 0)
        self.assertEqual(self.memtrace('html', self.log).returncode, 0)
        self.assertIn(b'memtrace page', self.read(self.path('program.html'))[:60])
        self.fails(self.memtrace('html', '-o', self.path('none/page.html'), self.log), 2, 'none/page.html: No such file')
        broken = self.write('broken.mt', log[:100])
        self.fails(self.memtrace('html', '-o', self.path('out/broken.html'), broken), 2, 'broken.mt')
        self.assertEqual(sorted(os.listdir(self.path('out'))), ['notes.html', 'page.html'])
        self.fails(self.memtrace('html', '-o', '/dev/full', self.log), 2, '/dev/full: No space left')
        self.fails(self.memtrace('html', '--metric', 'rise', self.log), 2, '--metric takes peak, live, leaked, allocated, allocations, released, temporary or slack', 'rise')

    def test_two_are_equal(self):
        self.assertEqual(self.page().text, self.page().text)
