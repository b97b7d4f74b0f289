# SPDX-License-Identifier: MIT
"""What precedes the first line of a program that `python -m memtrace` started, and of its descendants: the name `profile`.

The library executes this text (interpose/hooks/python/begin.h), with `told`, the value of MEMTRACE_PYTHON_BEGIN: the number of the process
that was asked for, decimals, 1 for the column Rise, and the path of this file. A guest: nothing is imported before the program uses
`profile`, and what prints the tables is a process of its own, which is not in the program's figures.
"""

import builtins
import sys


def _begin(process, precision, rise, folder):
    import posix
    start = posix.getcwd() if process == posix.getpid() else None

    def package():
        """The package memtrace of this folder, under whatever name."""
        wanted = folder + "/__init__.py"
        name = "memtrace"
        while name in sys.modules:
            if getattr(sys.modules[name], "__file__", None) == wanted:
                return name
            name = "_" + name  # the program has a module of this name
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location(name, wanted, submodule_search_locations=[folder])
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
        return name

    def profile(*arguments, **options):
        return sys.modules[package() + "._period"].profile(*arguments, **options)

    def print_tables():
        if profile.collecting and process == posix.getpid():
            from importlib import import_module
            import_module(package() + "._end").print_tables(profile.collecting, precision, rise, start)

    profile.collecting = {}  # code object: its Profile
    builtins.profile = profile
    if start is not None:
        import atexit
        atexit.register(print_tables)


_begin(*map(int, told.split(" ", 3)[:3]), __file__.rpartition("/")[0])  # noqa: F821
