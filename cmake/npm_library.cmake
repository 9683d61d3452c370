# npm_library(NAME LIBRARY <file> [HEADER <c header>])
#
# Fetches the native library NAME as third_party/npm_libraries.lock.json pins it (once; all presets
# share it) and defines two imported targets: NAME::c, which finds the one C header only, and
# NAME::all, which finds every header. -D<NAME>_ROOT=<prefix> takes an installed one instead.

function(npm_library name)
  cmake_parse_arguments(ARG "" "LIBRARY;HEADER" "" ${ARGN})
  string(TOUPPER ${name} upper)
  set(root "${${upper}_ROOT}")
  if(NOT root)
    execute_process(
      COMMAND /usr/bin/python3 -B ${CMAKE_SOURCE_DIR}/tools/npm_library.py ${name}
      OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set(only ${CMAKE_BINARY_DIR}/npm/${name})
  file(MAKE_DIRECTORY ${only})
  file(CREATE_LINK ${root}/include/${ARG_HEADER} ${only}/${ARG_HEADER} SYMBOLIC)
  foreach(kind c all)
    add_library(${name}::${kind} SHARED IMPORTED GLOBAL)
    set_target_properties(${name}::${kind} PROPERTIES
      IMPORTED_LOCATION ${root}/lib/${ARG_LIBRARY} IMPORTED_NO_SONAME OFF)
  endforeach()
  target_include_directories(${name}::c SYSTEM INTERFACE ${only})
  target_include_directories(${name}::all SYSTEM INTERFACE ${root}/include)
endfunction()
