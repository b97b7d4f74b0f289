# SPDX-License-Identifier: MIT
"""A second reader of memtrace's logs, written from interpose/FORMAT.md; it shares nothing with the first, report/."""
import gc

gc.disable()  # what is made of a log has no cycles; to look for them took two fifths of the time
