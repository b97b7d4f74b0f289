# SPDX-License-Identifier: MIT
#
# The traced programs have no sanitizer. For half an hour: tests/chaos/run.py build --minutes 30 --jobs 2 --seed NUMBER
set(chaos_folder ${CMAKE_BINARY_DIR}/chaos)
set(chaos_flags -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wstrict-prototypes -Wmissing-prototypes
  -O1 -g -fno-builtin)
set(chaos_sources main face memory process thread lock signal limit descriptor end)
list(TRANSFORM chaos_sources REPLACE "(.+)" "${CMAKE_CURRENT_LIST_DIR}/\\1.c")
foreach(target chaos chaos_reentrant)
  add_executable(${target} ${chaos_sources})
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
endforeach()
target_compile_definitions(chaos_reentrant PRIVATE CHAOS_REENTRANT=1)
target_link_libraries(chaos_reentrant PRIVATE torture_reentrant)
target_link_options(chaos_reentrant PRIVATE -Wl,--no-as-needed)
set_target_properties(chaos_reentrant PROPERTIES BUILD_RPATH "\$ORIGIN")
add_library(chaos_plugin SHARED ${CMAKE_CURRENT_LIST_DIR}/plugin.c)
add_library(chaos_fault SHARED ${CMAKE_CURRENT_LIST_DIR}/fault.c)
target_link_libraries(chaos_fault PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
foreach(target chaos chaos_reentrant chaos_plugin chaos_fault)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_compile_options(${target} PRIVATE ${chaos_flags})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${chaos_folder} LIBRARY_OUTPUT_DIRECTORY ${chaos_folder})
endforeach()

memtrace_script(chaos/teeth chaos/teeth.py ${CMAKE_BINARY_DIR})
memtrace_script(chaos/quick chaos/run.py ${CMAKE_BINARY_DIR} --seed 1 --count 40 --again 3)
memtrace_script(chaos/long chaos/run.py ${CMAKE_BINARY_DIR} --seed 1000 --count 80 --again 3)
memtrace_long(chaos/long)
