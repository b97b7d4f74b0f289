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
memtrace_hostile(hostile_own_none own_none.c)
memtrace_hostile(hostile_guest guest.c)

# memtrace_hostile_library(NAME FILE [OPTION...]): libNAME.so, beside the programs.
function(memtrace_hostile_library name file)
  add_library(hostile_${name} SHARED ${hostile_sources}/${file})
  target_compile_definitions(hostile_${name} PRIVATE _GNU_SOURCE)
  target_compile_options(hostile_${name} PRIVATE ${hostile_warnings} -g -O1 -fno-builtin ${ARGN})
  target_link_libraries(hostile_${name} PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(hostile_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${hostile_folder} OUTPUT_NAME ${name})
endfunction()
memtrace_hostile_library(parking parking.c)
foreach(own jemalloc tcmalloc mimalloc)
  find_library(hostile_${own} ${own})
  if(hostile_${own})
    memtrace_hostile(hostile_own_${own} own_${own}.c)
    target_link_libraries(hostile_own_${own} PRIVATE ${hostile_${own}})
  endif()
endforeach()
if(hostile_tcmalloc)
  memtrace_hostile(hostile_own_throw own_throw.cc)
  target_link_libraries(hostile_own_throw PRIVATE ${hostile_tcmalloc})
endif()

include(CheckCSourceCompiles)
foreach(kind address thread)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=${kind})
  set(CMAKE_REQUIRED_LINK_OPTIONS -fsanitize=${kind})
  check_c_source_compiles("int main(void) { return 0; }" hostile_sanitizer_${kind})
  unset(CMAKE_REQUIRED_FLAGS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(hostile_sanitizer_${kind})
    memtrace_hostile(hostile_sanitized_${kind} sanitized.c)
    target_compile_options(hostile_sanitized_${kind} PRIVATE -fsanitize=${kind})
    target_link_options(hostile_sanitized_${kind} PRIVATE -fsanitize=${kind})
    set_target_properties(hostile_sanitized_${kind} PROPERTIES OUTPUT_NAME sanitized_${kind})
  endif()
endforeach()

foreach(part log sweep allocators guest)
  add_test(NAME hostile/${part} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run_${part}.py ${CMAKE_BINARY_DIR})
  set_tests_properties(hostile/${part} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
