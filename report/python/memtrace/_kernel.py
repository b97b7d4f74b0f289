# SPDX-License-Identifier: MIT
"""Kernel specs of Jupyter whose kernel is traced. `memtrace kernel` (report/verbs/kernel.c) runs this file with a Python that has ipykernel:

    _kernel.py install FOLDER NAME OUTPUT      FOLDER: where Jupyter's data are; OUTPUT: the log's name, or ""
    _kernel.py remove FOLDER NAME

and Jupyter runs it as the kernel:

    _kernel.py start IPYKERNEL'S-ARGUMENT...

FOLDER "user" is the user's own.
"""

import importlib.util
import json
import os
import shutil
import sys

_MARK = "memtrace"  # in the metadata of a spec that is ours


class Problem(Exception):
    pass


def _user_folder():
    """As Jupyter has it."""
    given = os.environ.get("JUPYTER_DATA_DIR")
    if given:
        return given
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Jupyter")
    return os.path.join(os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "jupyter")


def _spec_folder(folder, name):
    if folder == "user":
        folder = _user_folder()
    return os.path.join(folder, "kernels", name)


def _read(path):
    """The kernel.json of a folder; None: there is none that can be read."""
    try:
        with open(os.path.join(path, "kernel.json"), encoding="utf-8") as file:
            spec = json.load(file)
        return spec if isinstance(spec, dict) else None
    except (OSError, ValueError):
        return None


def _is_ours(path):
    metadata = (_read(path) or {}).get("metadata")
    return isinstance(metadata, dict) and _MARK in metadata


def _environment(output):
    """What the kernel has beside Jupyter's own environment. A "$" would be replaced by Jupyter."""
    from memtrace import _native
    whole = _native.traced_environment(output or None)
    made = {"LD_PRELOAD": whole["LD_PRELOAD"], "MEMTRACE_MIN_PEAK": "1M"}  # what a cell starts leaves a log only if it is big
    if output:
        made["MEMTRACE_OUTPUT"] = whole["MEMTRACE_OUTPUT"]
    return {name: value.replace("$", "$$") for name, value in made.items()}


def install(folder, name, output):
    if not importlib.util.find_spec("ipykernel"):
        raise Problem("%s has no ipykernel, which is what makes it a kernel (Debian: python3-ipykernel, pip: ipykernel); --python names another" %
                      sys.executable)
    path = _spec_folder(folder, name)
    if os.path.lexists(path) and not _is_ours(path):
        raise Problem("%s: is there already, and is no kernel of memtrace; --name gives another name" % path)
    try:
        environment = _environment(output and os.path.join(os.getcwd().replace("%", "%%"), output))
    except OSError as problem:
        raise Problem(str(problem)) from None
    spec = {
        "argv": [sys.executable, os.path.abspath(__file__), "start", "-f", "{connection_file}"],
        "display_name": "Python %d (%s)" % (sys.version_info[0], name),
        "language": "python",
        "env": environment,
        "metadata": {_MARK: True},
    }
    os.makedirs(path, exist_ok=True)
    fresh = os.path.join(path, "kernel.json.%d" % os.getpid())
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(spec, file, indent=1)
        file.write("\n")
    os.replace(fresh, os.path.join(path, "kernel.json"))
    print("kernel %s: %s" % (name, path))


def remove(folder, name):
    path = _spec_folder(folder, name)
    if not os.path.lexists(path):
        raise Problem("%s: no such kernel" % path)
    if not _is_ours(path):
        raise Problem("%s: is no kernel of memtrace" % path)
    shutil.rmtree(path)
    print("kernel %s: removed" % name)


def start():
    """The kernel, with the magics there from the start."""
    from ipykernel.kernelapp import IPKernelApp
    app = IPKernelApp.instance()
    app.initialize(sys.argv[2:])
    app.shell.extension_manager.load_extension("memtrace")
    app.start()


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    del sys.path[0]  # this folder; IPython puts the working folder there
    sys.path.append(os.path.dirname(folder))
    if sys.argv[1] == "start":
        start()
        return
    try:
        {"install": install, "remove": remove}[sys.argv[1]](*sys.argv[2:])
    except (Problem, OSError) as problem:
        sys.exit("memtrace: kernel: %s" % problem)


if __name__ == "__main__":
    main()
