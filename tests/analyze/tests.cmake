# SPDX-License-Identifier: MIT
foreach(part tree planted)
  memtrace_script(analyze/${part} analyze/run.py ${CMAKE_BINARY_DIR} ${part})
endforeach()
memtrace_long(analyze/tree)
