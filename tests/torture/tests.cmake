# SPDX-License-Identifier: MIT
#
# The traced programs have no sanitizer.

set(torture_folder ${CMAKE_BINARY_DIR}/torture)
add_library(torture_reentrant SHARED ${CMAKE_CURRENT_LIST_DIR}/reentrant.c)
target_compile_options(torture_reentrant PRIVATE -Wall -Wextra -Wshadow -O2 -fno-builtin)
add_library(torture_handlers SHARED ${CMAKE_CURRENT_LIST_DIR}/handlers.c)
target_compile_options(torture_handlers PRIVATE -Wall -Wextra -Wshadow -O2)
target_link_libraries(torture_handlers PRIVATE Threads::Threads)
foreach(file fork_many.c fork_threads.c spawn.c exec.c ends.c daemon.c threads.c detached.c signals.c inside.c jumps.c exceptions.cc places.c waits.c
    realtime.c timer.c holes.c small_fork.c ended.c)
  get_filename_component(name ${file} NAME_WE)
  add_executable(torture_${name} ${CMAKE_CURRENT_LIST_DIR}/${file})
  target_compile_definitions(torture_${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
  target_compile_options(torture_${name} PRIVATE -Wall -Wextra -Wshadow -O2 -g -fno-builtin -fno-optimize-sibling-calls)
  if(name MATCHES "^(signals|inside|timer)$")
    target_link_libraries(torture_${name} PRIVATE torture_reentrant)
    target_link_options(torture_${name} PRIVATE -Wl,--no-as-needed)
  endif()
  if(name STREQUAL waits)
    target_link_libraries(torture_waits PRIVATE torture_handlers ${CMAKE_DL_LIBS})
  endif()
  target_link_libraries(torture_${name} PRIVATE Threads::Threads)
  set_target_properties(torture_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${torture_folder} OUTPUT_NAME ${name})
endforeach()

memtrace_scripts(torture/ torture/run.py)
memtrace_long(torture/waits-stdio torture/waits-after torture/waits-loader torture/waits-resolver torture/waits-clone torture/waits-handler)
set(many torture/fork-many torture/fork-threads-many torture/threads-many)
memtrace_long(${many})
memtrace_full(${many}) # torture/fork, torture/fork-threads and torture/threads are the same, with fewer
memtrace_script(torture/held torture/held.py ${CMAKE_BINARY_DIR})
memtrace_long(torture/held)
