# SPDX-License-Identifier: MIT
#
# Functions that tail calls took off the stack. Of the random programs thirty are of the long tier; a thousand, from any seed on:
# tests/tails/run.py build random --programs 1000 --seed 1
memtrace_scripts(tails/ tails/run.py)
memtrace_script(tails/long tails/run.py ${CMAKE_BINARY_DIR} random --programs 30 --seed 1000)
memtrace_long(tails/long)
