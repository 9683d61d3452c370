# millrace_header_check(NAME <header>...)
#
# Compiles each header of a module alone, in a library that nothing links. The target header_check
# builds all of them; `./dev check` does. The standard headers come from the prelude, so a
# missing one of those is seen by a build without it (GCC's preset).

function(millrace_header_check name)
  cmake_parse_arguments(ARG "" "" "HEADERS;THIRD_PARTY" ${ARGN})
  if(NOT ARG_HEADERS)
    return()
  endif()
  set(sources "")
  foreach(header ${ARG_HEADERS})
    file(RELATIVE_PATH inside ${CMAKE_SOURCE_DIR}/src ${header})
    set(source ${CMAKE_BINARY_DIR}/header_check/${inside}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${inside}\"\n" @ONLY)
    list(APPEND sources ${source})
  endforeach()
  add_library(${name}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${name}_headers PRIVATE ${name} ${ARG_THIRD_PARTY} millrace_warnings)
  millrace_precompiled(${name}_headers)
  if(NOT TARGET header_check)
    add_custom_target(header_check)
  endif()
  add_dependencies(header_check ${name}_headers)
endfunction()
