# SPDX-License-Identifier: MIT
# cython: language_level=3
"""An extension that allocates, and calls back: see spam.cc, which does the same."""
from libc.stdlib cimport free, malloc


def allocate(size_t size):
    cdef void *block = malloc(size)
    free(block)


def call(function):
    return function()


def without_gil(size_t size):
    cdef void *block
    with nogil:
        block = malloc(size)
        free(block)


cdef class Thing:
    def method(self, function, *args):
        return function(*args)
