# SPDX-License-Identifier: MIT
#
# Functions that tail calls took off the stack. Of the random programs fifteen are of the long tier, thirty of the full one; a thousand, from any seed on:
# tests/tails/run.py build random --programs 1000 --seed 1
memtrace_scripts(tails/ tails/run.py)
memtrace_script(tails/long tails/run.py ${CMAKE_BINARY_DIR} random --programs 15 --seed 1000)
memtrace_script(tails/more tails/run.py ${CMAKE_BINARY_DIR} random --programs 15 --seed 1015)
memtrace_long(tails/long tails/more)
memtrace_full(tails/more)
