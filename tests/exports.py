# SPDX-License-Identifier: MIT
"""exports.py HOOKS.DEF MEMTRACE.H LIBMEMTRACE.SO: the library exports what the lists name, needs nothing but libc, and no glibc newer
than 2.17, and finds its thread-local variables without a call."""

import os
import re
import subprocess
import sys


# The oldest glibc that the library can be loaded with; README.md names it. A version is refused by the loader even if all that is
# wanted of it is weak.
OLDEST = (2, 17)
# libc itself, and what is part of it since glibc 2.34.
LIBC = ("libc.so.", "libdl.so.2", "libpthread.so.0")


# glibc has these and musl does not: for where there is no musl to ask.
GLIBC_ALONE = ("__register_atfork", "dladdr1", "dlvsym", "gnu_get_libc_version", "on_exit", "_r_debug")


def musl_lacks(undefined):
    """What is referred to strongly and is not in the musl that is here, if one is."""
    libc = f"/lib/ld-musl-{os.uname().machine}.so.1"
    if not os.path.exists(libc):
        return []
    there = set(re.findall(r" [A-Za-z] (\S+)$", output("nm", "-D", "--defined-only", libc), re.M))
    return [f"musl has no {name}" for name in re.findall(r"^ +U (\w+)", undefined, re.M) if name not in there]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    hooks, api, library = sys.argv[1:]
    with open(hooks) as file:
        wanted = re.findall(r"^MT_HOOK(?:_LATE|_MAYBE)?\((\w+),", file.read(), re.M)
    with open(api) as file:
        callable_ = re.findall(r"^MEMTRACE_API .*?(memtrace_\w+)\(", file.read(), re.M)
    assert len(callable_) >= 6, callable_
    assert len(wanted) > 30 and len(set(wanted)) == len(wanted), wanted
    found = [line.split()[-1] for line in output("nm", "-D", "--defined-only", library).splitlines()]
    wrong = [f"not exported: {name}" for name in wanted + callable_ if name not in found]
    wrong += [f"exported: {name}" for name in found if name not in wanted + callable_]

    dynamic = output("readelf", "-dW", library)
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    wrong += [f"needs {name}" for name in needed if not name.startswith(LIBC)]
    if "TEXTREL" in dynamic:
        wrong.append("has text relocations")
    undefined = output("nm", "-D", "--undefined-only", library)
    if "__tls_get_addr" in undefined:
        wrong.append("calls __tls_get_addr, which may allocate")
    for name, version in re.findall(r"^ +[Uwv] (\w+)@+GLIBC_([\d.]+)", undefined, re.M):
        if tuple(map(int, version.split("."))) > OLDEST:
            wrong.append(f"{name} needs glibc {version}: see interpose/os/oldest_glibc.h and base/newer.h")
    # musl's loader takes itself for all of these, and ends a program whose library wants what it lacks.
    wrong += [f"musl has no {name}, so it has to be weak: see interpose/base/libc.c" for name in GLIBC_ALONE
              if re.search(rf"\bU {name}(@|$)", undefined, re.M)]
    wrong += musl_lacks(undefined)
    # An older glibc has in these what the list there names.
    wrong += [f"does not need {name}" for name in LIBC[1:] if name not in needed]
    # A hook that calls these by name would be asking itself, or count its own work.
    wrong += [f"calls {name} by name" for name in wanted if re.search(rf"\bU {name}(@|$)", undefined, re.M)]
    for line in wrong:
        print(f"{library}: {line}")
    sys.exit(1 if wrong else 0)


main()
