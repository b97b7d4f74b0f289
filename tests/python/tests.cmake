# SPDX-License-Identifier: MIT
set(fake_python python/fake_python.c unit/fake_meta.c interpose_linux ${INTERPOSE}/base/local_elf.c ${INTERPOSE}/base/lock.c
  ${CMAKE_SOURCE_DIR}/tests/unit/newer.c ${INTERPOSE}/base/libc.c ${INTERPOSE}/base/newer_glibc.c ${INTERPOSE}/loader/object_glibc.c ${INTERPOSE}/loader/object_list_glibc.c
  ${INTERPOSE}/foreign/interpreter.c ${INTERPOSE}/foreign/merge.c
  ${INTERPOSE}/python/code.c ${INTERPOSE}/python/command.c ${INTERPOSE}/python/layout.c ${INTERPOSE}/python/leave.c
  ${INTERPOSE}/python/lines.c ${INTERPOSE}/python/memory.c ${INTERPOSE}/python/stack.c
  ${INTERPOSE}/python/text.c ${INTERPOSE}/python/thread.c ${INTERPOSE}/python/walk.c)
memtrace_test(python python_frames ${fake_python})
if(NOT MEMTRACE_SANITIZE MATCHES thread) # its frames change while they are read, which is the point
  memtrace_test(python python_readers ${fake_python})
endif()

# For ctypes, the first is the decoder alone: without memtrace_flags, which hide all functions.
add_library(python_lines MODULE ${INTERPOSE}/python/lines.c)
add_library(python_natives MODULE python/natives.c)
memtrace_test(python python_symbol ${INTERPOSE}/loader/symbol.c interpose_linux)
add_executable(python_embed python/embed.c)
target_link_libraries(python_embed PRIVATE memtrace_flags ${CMAKE_DL_LIBS})
foreach(test lines natives stacks objects threads reuse daemon deep fork embed exact traced sources returns)
  memtrace_pythons(python/${test} python/run.py ${CMAKE_BINARY_DIR} ${test})
endforeach()
memtrace_script(python/refused python/run.py ${CMAKE_BINARY_DIR} refused)
memtrace_pythons_ends(python/kinds python/run_kinds.py ${CMAKE_BINARY_DIR})

# The Python module, as it stands in the build folder.
foreach(case memit options text)
  memtrace_pythons(python/module-${case} python/module/run.py ${CMAKE_BINARY_DIR} ${case})
endforeach()
foreach(case api start)
  memtrace_pythons_ends(python/module-${case} python/module/run.py ${CMAKE_BINARY_DIR} ${case})
endforeach()
memtrace_long(python/module-options)
memtrace_full(python/module-options-others python/module-memit-others python/module-text-others) # of the module, not of frames
# Its figures are those of big blocks, to the byte.
set_tests_properties(python/module-api python/module-api-ends python/module-api-between python/module-text python/module-text-others PROPERTIES ENVIRONMENT MEMTRACE_PYTHON_OBJECTS=0)
foreach(case session pytest limits peer notebook)
  memtrace_script(python/module-${case} python/module/run.py ${CMAKE_BINARY_DIR} ${case})
endforeach()
memtrace_long(python/module-notebook)
