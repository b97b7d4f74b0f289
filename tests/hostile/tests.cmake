# SPDX-License-Identifier: MIT
#
# Surroundings that are against us (issue: survive everything): include() this from tests/CMakeLists.txt. The traced programs have
# no sanitizer.
set(hostile_folder ${CMAKE_BINARY_DIR}/hostile)
set(hostile_sources ${CMAKE_CURRENT_LIST_DIR})
set(hostile_warnings -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Wundef
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes$<SEMICOLON>-Wmissing-prototypes>)

# memtrace_hostile(TARGET FILE): a program to be traced.
function(memtrace_hostile target file)
  string(REGEX REPLACE "\\..*$" "" name ${file})
  add_executable(${target} ${hostile_sources}/${file})
  target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
  target_compile_options(${target} PRIVATE ${hostile_warnings} -g -O1 -fno-builtin)
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${hostile_folder} OUTPUT_NAME ${name})
endfunction()

memtrace_hostile(hostile_work work.c)

foreach(part log sweep)
  add_test(NAME hostile/${part} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run_${part}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(hostile/${part} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
