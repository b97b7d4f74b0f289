#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether order.py sees what it is there for: a copy of the tree is in order, and each fault put into one is told, with exit
status 1. Usage: order_faults.py TREE"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from order import FILE_LINES, FOLDER_MODULES, FUNCTION_LINES, Design  # noqa: E402


def order(tree):
    done = subprocess.run([sys.executable, str(HERE / 'order.py'), str(tree)], stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


def add(file, text):
    with file.open('a') as f:
        f.write(text)


def include(file, header):
    add(file, f'\n#include "{header}"\n')


def folders(tree):
    """(folder, offered headers, private headers), from the ground up."""
    design = Design((tree / 'design.h').read_text())
    for name in design.order:
        if (tree / name).is_dir():
            headers = sorted(p.name for p in (tree / name).glob('*.h') if p.name not in design.given)
            yield name, sorted(design.offered[name]), [h for h in headers if h not in design.offered[name]]


def some_c_file(tree, folder):
    return sorted((tree / folder).glob('*.c'))[0]


# Each puts one fault into a tree, and returns words of the complaint.

def upward(tree):
    all_ = [f for f in folders(tree) if f[1]]
    include(some_c_file(tree, all_[0][0]), f'{all_[-1][0]}/{all_[-1][1][0]}')
    return f'{all_[-1][0]} stands above {all_[0][0]}'


def private(tree):
    all_ = list(folders(tree))
    low = next(i for i, f in enumerate(all_) if f[2] and i + 1 < len(all_))
    include(some_c_file(tree, all_[low + 1][0]), f'{all_[low][0]}/{all_[low][2][0]}')
    return f'{all_[low][0]}/{all_[low][2][0]}: private to {all_[low][0]}/'


def circle(tree):
    name, a, b = next((f[0], *(f[1] + f[2])[:2]) for f in folders(tree) if len(f[1] + f[2]) > 1)
    include(tree / name / a, f'{name}/{b}')
    include(tree / name / b, f'{name}/{a}')
    return 'a circle among:'


def contract(tree):
    name, offered, _ = next(f for f in folders(tree) if f[1])
    add(tree / name / offered[0], '\nint mt_nobody_knows(void);\n')
    return 'offered without a contract: int mt_nobody_knows(void);'


def declared(tree):
    add(some_c_file(tree, next(folders(tree))[0]), '\nextern int of_another;\n')
    return 'declares what a header should'


def no_place(tree):
    (tree / 'nowhere').mkdir()
    (tree / 'nowhere' / 'file.c').write_text('int mt_file;\n')
    return 'stands in no folder that has a place'


def not_there(tree):
    name, offered, _ = next(f for f in folders(tree) if f[1])
    (tree / name / offered[0]).unlink()
    return f'{name}/{offered[0]}: offered, but not there'


def long_file(tree):
    add(some_c_file(tree, next(folders(tree))[0]), '/* one more */\n' * FILE_LINES)
    return ' lines'


def long_function(tree):
    lines = '    i++;\n' * (FUNCTION_LINES - 2)
    add(some_c_file(tree, next(folders(tree))[0]), f'\nstatic void\ngoes_on(int i)\n{{\n{lines}}}\n')
    return 'goes_on has'


def many_modules(tree):
    for i in range(FOLDER_MODULES + 1):
        (tree / next(folders(tree))[0] / f'file_{i}.c').write_text(f'int file_{i};\n')
    return ' modules'


FAULTS = [upward, private, circle, contract, declared, no_place, not_there, long_file, long_function, many_modules]


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    wrong = []
    with tempfile.TemporaryDirectory(prefix='memtrace-order-') as scratch:
        contracts = Design((source / 'design.h').read_text()).contracts
        faults = [fault for fault in FAULTS if fault is not contract or contracts]
        for fault in [None] + faults:
            tree = pathlib.Path(scratch) / (fault.__name__ if fault else 'sound') / source.name
            shutil.copytree(source, tree)
            words = fault(tree) if fault else None
            status, said = order(tree)
            if fault and (status != 1 or words not in said):
                wrong.append(f'{fault.__name__}: exit status {status}, and not "{words}":\n{said}')
            elif not fault and status != 0:
                wrong.append(f'the tree as it is: exit status {status}\n{said}')
            shutil.rmtree(tree)
    print('\n'.join(wrong) or f'{len(faults)} faults told')
    return bool(wrong)


sys.exit(main())
