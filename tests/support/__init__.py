# SPDX-License-Identifier: MIT
"""What the tests' drivers share: running programs with and without the preload, reading what memtrace says of them, the Pythons
that are here, and telling how it went."""
