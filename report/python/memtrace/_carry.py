# SPDX-License-Identifier: MIT
"""Carry what a statement needs to a fresh process: the names that it uses, by pickle, and what the session itself defined.

Modules travel by name; functions and classes of __main__, which a fresh process cannot import, by their code.
"""

import builtins
import importlib
import io
import marshal
import pickle
import sys
import types


class CannotCarry(Exception):
    pass


def names_of(code):
    """The global names that a code object may use, those of the code inside it included."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += names_of(constant)
    return names


def _importable(thing):
    """A fresh process finds this function or class under its name."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return False
    found = module
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is thing


# ---- at the other end: what the session defined is put together again in this namespace

namespace = {"__builtins__": builtins, "__name__": "__main__"}
_EMPTY = "memtrace: an empty cell"


def _make_function(code, name, qualname, module, cells):
    closure = tuple(types.CellType() for _ in range(cells)) or None
    function = types.FunctionType(marshal.loads(code), namespace, name, None, closure)
    function.__qualname__ = qualname
    function.__module__ = module
    return function


def _set_function(function, state):
    function.__defaults__, function.__kwdefaults__, attributes, cells, names = state
    function.__dict__.update(attributes)
    for cell, content in zip(function.__closure__ or (), cells):
        if content != _EMPTY if isinstance(content, str) else True:
            cell.cell_contents = content
    for name, value in names.items():
        namespace.setdefault(name, value)


def _make_class(meta, name, bases, first):
    return meta(name, bases, first)


def _set_class(made, attributes):
    for name, value in attributes.items():
        setattr(made, name, value)


class _Pickler(pickle.Pickler):
    def __init__(self, file, source):
        super().__init__(file, protocol=4)
        self.source = source  # the session's namespace

    def reducer_override(self, thing):
        if isinstance(thing, types.ModuleType):
            return importlib.import_module, (thing.__name__,)
        if isinstance(thing, types.FunctionType) and not _importable(thing):
            return self._function(thing)
        if isinstance(thing, type) and not _importable(thing) and thing.__module__ == "__main__":
            return self._class(thing)
        return NotImplemented

    def _function(self, function):
        cells = []
        for cell in function.__closure__ or ():
            try:
                cells.append(cell.cell_contents)
            except ValueError:
                cells.append(_EMPTY)
        names = {}
        for name in names_of(function.__code__):
            if name in function.__globals__ and not name.startswith("__"):
                names[name] = function.__globals__[name]
        make = (marshal.dumps(function.__code__), function.__name__, function.__qualname__, function.__module__, len(cells))
        state = (function.__defaults__, function.__kwdefaults__, dict(function.__dict__), cells, names)
        return _make_function, make, state, None, None, _set_function

    def _class(self, made):
        if "__slots__" in made.__dict__:
            raise pickle.PicklingError("the class %s of this session has __slots__" % made.__name__)
        first = {"__module__": made.__module__, "__qualname__": made.__qualname__}
        later = {name: value for name, value in made.__dict__.items()
                 if name not in ("__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__firstlineno__",
                                 "__static_attributes__", "__abstractmethods__", "_abc_impl")}
        if made.__doc__:
            first["__doc__"] = made.__doc__
        return _make_class, (type(made), made.__name__, made.__bases__, first), later, None, None, _set_class


def pack(codes, source):
    """The names of namespace `source` that the code objects use, as bytes. CannotCarry says which one stands in the way."""
    wanted = {}
    for code in codes:
        for name in names_of(code):
            if name in source and not name.startswith("__"):
                wanted[name] = source[name]
    out = io.BytesIO()
    try:
        _Pickler(out, source).dump(wanted)
        return out.getvalue()
    except Exception:  # whatever a __reduce__ may raise: find out whose
        for name, value in wanted.items():
            try:
                _Pickler(io.BytesIO(), source).dump(value)
            except Exception as problem:
                raise CannotCarry("'%s' cannot be carried to a fresh process (%s)" % (name, problem)) from None
        raise


def unpack(data):
    """The namespace in which the statement runs."""
    namespace.update(pickle.loads(data))
    return namespace
