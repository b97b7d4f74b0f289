# SPDX-License-Identifier: MIT
"""A second reader of memtrace's logs, written from interpose/FORMAT.md; it shares nothing with the first, report/."""
