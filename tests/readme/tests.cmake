# SPDX-License-Identifier: MIT
#
# README.md and the man pages: what they say is true, and can be typed.
add_test(NAME readme COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/readme/run.py ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/README.md)
set_tests_properties(readme PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME readme/self COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/readme/self.py)
add_test(NAME readme/man COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/readme/man.py ${CMAKE_BINARY_DIR})
set_tests_properties(readme/man PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME readme/map COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/readme/map.py)
set_tests_properties(readme/map PROPERTIES SKIP_RETURN_CODE 77)
