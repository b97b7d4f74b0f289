# SPDX-License-Identifier: MIT
#
# What memory costs the system: run-time systems that make reservations usable, and the resident set. include() this from
# tests/CMakeLists.txt. The traced programs have no sanitizer.
set(maps_folder ${CMAKE_BINARY_DIR}/maps)
foreach(name shadow touched)
  add_executable(maps_${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
  target_compile_definitions(maps_${name} PRIVATE _GNU_SOURCE)
  target_compile_options(maps_${name} PRIVATE -Wall -Wextra -Wshadow -g -O1 -fno-builtin)
  target_link_libraries(maps_${name} PRIVATE Threads::Threads)
  set_target_properties(maps_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${maps_folder} OUTPUT_NAME ${name})
endforeach()
foreach(name shadow node java go)
  add_test(NAME maps/${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run_runtimes.py ${CMAKE_BINARY_DIR} ${name})
  set_tests_properties(maps/${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME maps/resident COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run_resident.py ${CMAKE_BINARY_DIR})
set_tests_properties(maps/resident PROPERTIES SKIP_RETURN_CODE 77)
