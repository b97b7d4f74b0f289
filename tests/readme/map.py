# SPDX-License-Identifier: MIT
"""The README's maps of interpose/ and report/ name each of their folders, and no other. Exit status 77: a tree without its
design.h has no rooms yet that a map could name."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
APART = {"report": {"python", "man"}}  # not C


def folders(tree):
    """Those that hold C files, from the tree on."""
    top = os.path.join(SOURCE, tree)
    found = {os.path.relpath(at, top) for at, _, names in os.walk(top) if any(name.endswith(".c") for name in names)}
    return {name for name in found if name != "." and name.split(os.sep)[0] not in APART.get(tree, ())}


def mapped(readme, headline):
    """The folders in the first column of the table with this headline."""
    table = re.search(r"^\| %s \|.*\n\|[-|]*\n((?:\|.*\n)*)" % headline, readme, re.M)
    first = [row.split("|")[1] for row in table.group(1).splitlines()] if table else []
    return {name for cell in first for name in re.findall(r"`([^`]+)/`", cell)}


def main():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
        readme = file.read()
    problems, checked = [], 0
    for tree, headline in (("interpose", "floor"), ("report", "room")):
        if not os.path.exists(os.path.join(SOURCE, tree, "design.h")):
            continue
        checked += 1
        there, named = folders(tree), mapped(readme, headline)
        problems += ["README.md does not name %s/%s" % (tree, name) for name in sorted(there - named)]
        problems += ["README.md names %s/%s, which is not there" % (tree, name) for name in sorted(named - there)]
    print("\n".join(problems) or "%d trees" % checked)
    return 1 if problems else 0 if checked else 77


sys.exit(main())
