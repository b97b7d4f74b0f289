# SPDX-License-Identifier: MIT
#
# Real programs end to end: include() this from tests/CMakeLists.txt. What is not installed is skipped. scripts/test installs
# the small ones; the others are in Debian's packages postgresql, nginx-light and nodejs.

execute_process(COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py --list
  OUTPUT_VARIABLE e2e_subjects OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" e2e_subjects "${e2e_subjects}")
foreach(subject IN LISTS e2e_subjects)
  add_test(NAME e2e/${subject}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR} ${subject})
  set_tests_properties(e2e/${subject} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_CURRENT_LIST_DIR}/programs.py ${CMAKE_CURRENT_LIST_DIR}/servers.py)
