# SPDX-License-Identifier: MIT
#
# The torture suite: include() this from tests/CMakeLists.txt. The programs are the traced ones: no sanitizer.

set(torture_folder ${CMAKE_BINARY_DIR}/torture)
add_library(torture_reentrant SHARED ${CMAKE_CURRENT_LIST_DIR}/reentrant.c)
target_compile_options(torture_reentrant PRIVATE -Wall -Wextra -Wshadow -O2 -fno-builtin)
foreach(file fork_many.c fork_threads.c spawn.c exec.c ends.c daemon.c threads.c signals.c inside.c jumps.c exceptions.cc places.c)
  get_filename_component(name ${file} NAME_WE)
  add_executable(torture_${name} ${CMAKE_CURRENT_LIST_DIR}/${file})
  target_compile_definitions(torture_${name} PRIVATE $<$<COMPILE_LANGUAGE:C>:_GNU_SOURCE>)
  target_compile_options(torture_${name} PRIVATE -Wall -Wextra -Wshadow -O2 -g -fno-builtin -fno-optimize-sibling-calls)
  if(name MATCHES "^(signals|inside)$")
    target_link_libraries(torture_${name} PRIVATE torture_reentrant)
    target_link_options(torture_${name} PRIVATE -Wl,--no-as-needed)
  endif()
  target_link_libraries(torture_${name} PRIVATE Threads::Threads)
  set_target_properties(torture_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${torture_folder} OUTPUT_NAME ${name})
endforeach()

execute_process(COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py --list
  OUTPUT_VARIABLE torture_subjects OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" torture_subjects "${torture_subjects}")
foreach(subject IN LISTS torture_subjects)
  add_test(NAME torture/${subject}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR} ${subject})
  set_tests_properties(torture/${subject} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/run.py)
