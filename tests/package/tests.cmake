# SPDX-License-Identifier: MIT
memtrace_script(package package/run.py ${CMAKE_BINARY_DIR})
memtrace_long(package)
