# SPDX-License-Identifier: MIT

# The benchmark's program, and the instructions that it costs.
add_executable(churn programs/churn.c)
target_compile_definitions(churn PRIVATE _GNU_SOURCE)
target_compile_options(churn PRIVATE -O2 -g)
target_link_libraries(churn PRIVATE Threads::Threads)
add_executable(late programs/late.c)
target_compile_options(late PRIVATE -O2 -g)
target_link_libraries(late PRIVATE Threads::Threads)
string(REGEX MATCH "^[0-9]+" compiler_major "${CMAKE_C_COMPILER_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
  memtrace_script(cost cost/run.py ${CMAKE_BINARY_DIR} "${CMAKE_C_COMPILER_ID} ${compiler_major} ${CMAKE_SYSTEM_PROCESSOR}")
  memtrace_script(cost_views cost/views.py ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER} "${CMAKE_C_COMPILER_ID} ${compiler_major} ${CMAKE_SYSTEM_PROCESSOR}")
  set_tests_properties(cost_views PROPERTIES SKIP_RETURN_CODE 77)
endif()
# The others of scripts/bench --instructions take longer.
memtrace_script(cost_instructions cost/instructions.py ${CMAKE_BINARY_DIR} "C++ containers" jq)
memtrace_long(cost_instructions)
memtrace_script(cost_python_full cost/python_full.py ${CMAKE_BINARY_DIR} /usr/bin/python3)
