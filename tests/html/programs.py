# SPDX-License-Identifier: MIT
"""Programs whose pages are looked at: `programs.py plain`, `programs.py hostile`."""
import sys
import threading


def parse(count):
    rows = []
    for i in range(count):
        rows.append(bytearray(20000 + i))  # PARSE
    return rows


def features(rows):
    return [bytes(len(row)) for row in rows]  # FEATURES


class Cache:
    kept = []

    def fill(self, count):
        for i in range(count):
            self.kept.append(bytearray(1000 + i))


def main():
    rows = parse(400)
    more = features(rows)
    Cache().fill(100)
    thread = threading.Thread(target=parse, args=(50,), name='loader')
    thread.start()
    thread.join()
    del rows
    return more


# What a page must show, and nothing of it may act.
NAMES = ['</script><img src=x onerror="window.hit=1">', '<b>bold</b>&amp;<!--', '"quotes\' and `ticks`', 'nul\0nul', 'esc\x1b[31m\r\n\t', 'c1\x9b31m',
         'rtl\u202egnp.exe', 'zero\u200bwidth\ufeff', '=HYPERLINK("x")', 'javascript:window.hit=1', '__proto__', 'constructor', '', ' ', 'x' * 1000000,
         '\U0001f600' * 3000]
TAKE = 'def take(n):\n    return bytearray(n)\nkept = [take(100000 + i) for i in range(4)]\n'


def hostile():
    kept = []
    for i, name in enumerate(NAMES):
        code = compile(TAKE, '/home/somebody/%d %s.py' % (i, name[:200].replace('\0', '')), 'exec')
        inner = tuple(c.replace(co_name=name, co_qualname=name) if hasattr(c, 'co_qualname') else c.replace(co_name=name) if hasattr(c, 'co_name') else c
                      for c in code.co_consts)
        scope = {}
        exec(code.replace(co_consts=inner), scope)
        kept.append(scope)
    return kept


if __name__ == '__main__':
    held = hostile() if sys.argv[1] == 'hostile' else main()
