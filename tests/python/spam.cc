/* SPDX-License-Identifier: MIT
 *
 * An extension that allocates, and calls back: see spam.pyx, which does the same.
 */
#include <cstdlib>

#include <pybind11/pybind11.h>

namespace py = pybind11;

static void *volatile last;

static void allocate(size_t size)
{
    last = std::malloc(size);
    std::free(last);
}

static py::object call(py::function function)
{
    py::object result = function();
    return result;
}

static void without_gil(size_t size)
{
    py::gil_scoped_release release;
    last = std::malloc(size);
    std::free(last);
}

struct Thing {
    py::object method(py::function function, py::args arguments)
    {
        py::object result = function(*arguments);
        return result;
    }
};

PYBIND11_MODULE(spam, m)
{
    m.def("allocate", &allocate);
    m.def("call", &call);
    m.def("without_gil", &without_gil);
    py::class_<Thing>(m, "Thing").def(py::init<>()).def("method", &Thing::method);
}
