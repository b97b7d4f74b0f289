# SPDX-License-Identifier: MIT
#
# Tests of Python stacks; part of tests/CMakeLists.txt.
set(fake_python python/fake_python.c unit/fake_meta.c ${INTERPOSE}/os/linux.c ${INTERPOSE}/base/lock.c
  ${INTERPOSE}/loader/object_glibc.c
  ${INTERPOSE}/foreign/interpreter.c ${INTERPOSE}/foreign/merge.c
  ${INTERPOSE}/python/code.c ${INTERPOSE}/python/layout.c ${INTERPOSE}/python/lines.c ${INTERPOSE}/python/stack.c
  ${INTERPOSE}/python/text.c ${INTERPOSE}/python/thread.c ${INTERPOSE}/python/walk.c)
memtrace_test(python python_frames ${fake_python})
if(NOT MEMTRACE_SANITIZE MATCHES thread) # its frames change while they are read, which is the point
  memtrace_test(python python_readers ${fake_python})
endif()

# For ctypes, the first is the decoder alone: without memtrace_flags, which hide all functions.
add_library(python_lines MODULE ${INTERPOSE}/python/lines.c)
add_library(python_natives MODULE python/natives.c)
memtrace_test(python python_symbol ${INTERPOSE}/loader/symbol.c ${INTERPOSE}/os/linux.c)
add_executable(python_embed python/embed.c)
target_link_libraries(python_embed PRIVATE memtrace_flags ${CMAKE_DL_LIBS})
foreach(test lines natives stacks objects threads reuse daemon deep fork embed refused exact traced sources)
  add_test(NAME python/${test} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/python/run.py
    --library $<TARGET_FILE:memtrace_so> --decoder $<TARGET_FILE:python_lines> --embed $<TARGET_FILE:python_embed>
    --natives $<TARGET_FILE:python_natives>
    ${test})
  set_tests_properties(python/${test} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# The Python module, as it stands in the build folder.
foreach(case api memit session pytest peer)
  add_test(NAME python/module-${case}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/python/module/run.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(python/module-${case} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
# Its figures are those of big blocks, to the byte.
set_tests_properties(python/module-api PROPERTIES ENVIRONMENT MEMTRACE_PYTHON_OBJECTS=0)
add_test(NAME python/kinds COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/python/run_kinds.py
  --library $<TARGET_FILE:memtrace_so>)
set_tests_properties(python/kinds PROPERTIES SKIP_RETURN_CODE 77)
