# SPDX-License-Identifier: MIT
#
# The rise of every line and function against the truth: include() this from tests/CMakeLists.txt. The programs are compiled by the
# test, each in several ways. Fifty random programs at each level are of the long tier, a
# thousand are run with `scripts/test --full`.

set(rise_run ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER})
execute_process(COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/run.py --list
  OUTPUT_VARIABLE rise_subjects OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" rise_subjects "${rise_subjects}")
foreach(subject IN LISTS rise_subjects ITEMS self-check)
  add_test(NAME rise/${subject} COMMAND ${rise_run} ${subject})
  set_tests_properties(rise/${subject} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
add_test(NAME rise/random COMMAND ${rise_run} 1-10@O0 11-20@O2 21-30@O3)
set_tests_properties(rise/random PROPERTIES SKIP_RETURN_CODE 77)
foreach(level O0 O2 O3)
  foreach(first RANGE 1 951 50)
    math(EXPR last "${first} + 49")
    add_test(NAME rise/random-${first}-${level} COMMAND ${rise_run} ${first}-${last}@${level})
    set_tests_properties(rise/random-${first}-${level} PROPERTIES SKIP_RETURN_CODE 77)
    memtrace_long(rise/random-${first}-${level})
    if(first GREATER 1)
      memtrace_full(rise/random-${first}-${level})
    endif()
  endforeach()
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/run.py)
