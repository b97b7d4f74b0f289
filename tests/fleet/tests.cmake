# SPDX-License-Identifier: MIT
memtrace_scripts(fleet/ fleet/run.py)
memtrace_long(fleet/push-limits fleet/queries)
