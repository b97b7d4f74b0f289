# SPDX-License-Identifier: MIT
import numpy as np


def make_a_large_array():
    return np.ones((1000, 1000))


def main():
    make_a_large_array()
    make_a_large_array()
    make_a_large_array()


def crash():
    import ctypes
    block = bytearray(1000000)
    ctypes.string_at(0)
    return block


if __name__ == "__main__":
    main()
