# SPDX-License-Identifier: MIT
#
# Programs with known answers (tests/programs/known_*), and the tests that run them. They are the traced programs: no sanitizer, and flags of their own.

set(known_folder ${CMAKE_BINARY_DIR}/known)
set(known_sources ${CMAKE_CURRENT_LIST_DIR}/../programs)
set(known_warnings -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Wundef
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes$<SEMICOLON>-Wmissing-prototypes>)

function(memtrace_known_at file target level)
  add_executable(${target} ${known_sources}/${file})
  target_compile_definitions(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
  target_compile_options(${target} PRIVATE ${known_warnings} $<$<COMPILE_LANGUAGE:CXX>:-fsized-deallocation> -g -${level})
  target_link_libraries(${target} PRIVATE Threads::Threads)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${known_folder})
endfunction()

# Each at -O0 and at -O2: known_NAME-O0, known_NAME-O2.
function(memtrace_known file)
  get_filename_component(name ${file} NAME_WE)
  foreach(level O0 O2)
    memtrace_known_at(${file} ${name}-${level} ${level})
  endforeach()
endfunction()

# Its segments lie apart in memory: it is linked for larger pages than the system has, as node and rustc are.
function(memtrace_known_apart file)
  get_filename_component(name ${file} NAME_WE)
  memtrace_known_at(${file} ${name}-apart O2)
  target_link_options(${name}-apart PRIVATE -Wl,-z,max-page-size=0x200000 -Wl,-z,separate-code)
endfunction()

memtrace_known(known_malloc.c)
memtrace_known(known_map.c)
memtrace_known(known_protect.c)
memtrace_known(known_stack.c)
memtrace_known(known_climb.c)
memtrace_known(known_deep.c)
memtrace_known(known_random.c)
memtrace_known(known_threads.c)
memtrace_known(known_fork.c)
memtrace_known(known_inherit.c)
memtrace_known(known_new.cc)
memtrace_known(known_replaced.cc)
foreach(level O0 O2) # gcc wants the sized form beside it, which the test is to do without
  target_compile_options(known_replaced-${level} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-sized-deallocation>)
endforeach()
memtrace_known(known_containers.cc)
memtrace_known(known_handler.cc)
memtrace_known(sizes.c)
memtrace_known(slack.c)
memtrace_known_apart(known_stack.c)
memtrace_known_apart(known_new.cc)

foreach(name known_kill known_step)
  add_executable(${name} ${known_sources}/${name}.c)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_compile_options(${name} PRIVATE ${known_warnings} -g -O2)
  target_link_libraries(${name} PRIVATE Threads::Threads)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${known_folder})
endforeach()

if(NOT CMAKE_CROSSCOMPILING) # Debian's rustc has the standard library of its own processor alone
  find_program(RUSTC rustc)
endif()
if(RUSTC)
  foreach(level 0 2)
    set(program ${known_folder}/known_rust-O${level})
    add_custom_command(OUTPUT ${program}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${known_folder}
      COMMAND ${RUSTC} --edition 2021 -g -C opt-level=${level} -o ${program} ${known_sources}/known_rust.rs
      DEPENDS ${known_sources}/known_rust.rs VERBATIM)
    add_custom_target(known_rust-O${level} ALL DEPENDS ${program})
  endforeach()
else()
  message(STATUS "rustc is not here: no test of a Rust program")
endif()

foreach(part native kill step early damaged sizes slack)
  memtrace_script(known/${part} known/run.py ${CMAKE_BINARY_DIR} ${part})
endforeach()
foreach(part python seed)
  memtrace_pythons(known/${part} known/run.py ${CMAKE_BINARY_DIR} ${part})
endforeach()
if(RUSTC)
  set(rustc ${RUSTC})
endif()
memtrace_script(known/first_page known/first_page.py ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER} ${rustc})
memtrace_script(known/first_page_flask known/first_page.py --flask ${CMAKE_BINARY_DIR})
memtrace_script(known/finished known/finished.py ${CMAKE_BINARY_DIR} ${CMAKE_CXX_COMPILER})
