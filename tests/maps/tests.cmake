# SPDX-License-Identifier: MIT
#
# What memory costs the system: run-time systems that make reservations usable, and the resident set. The traced programs have no
# sanitizer.
set(maps_folder ${CMAKE_BINARY_DIR}/maps)
foreach(name shadow touched)
  add_executable(maps_${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
  target_compile_definitions(maps_${name} PRIVATE _GNU_SOURCE)
  target_compile_options(maps_${name} PRIVATE -Wall -Wextra -Wshadow -g -O1 -fno-builtin)
  target_link_libraries(maps_${name} PRIVATE Threads::Threads)
  set_target_properties(maps_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${maps_folder} OUTPUT_NAME ${name})
endforeach()
foreach(name shadow node java go)
  memtrace_script(maps/${name} maps/run_runtimes.py ${CMAKE_BINARY_DIR} ${name})
endforeach()
memtrace_script(maps/resident maps/run_resident.py ${CMAKE_BINARY_DIR})
