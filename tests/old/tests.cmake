# SPDX-License-Identifier: MIT
foreach(subject threads killed big python merged)
  memtrace_script(old/${subject} old/run.py ${CMAKE_BINARY_DIR} ${subject})
endforeach()
