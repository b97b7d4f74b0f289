# SPDX-License-Identifier: MIT
"""What the tests' drivers share: running programs with and without the preload, reading what memtrace says of them, the Pythons
that are here, and telling how it went."""
import gc

gc.disable()  # a driver makes hardly any cycles; to look for them in what it reads took up to two fifths of its time
