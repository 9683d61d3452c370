# One precompiled header of the standard library and fmt for every target, and one with GoogleTest
# for the test programs. Nobody includes it by name: each file still includes what it uses, which
# every build without it sees (MILLRACE_PCH=OFF, GCC's preset, the fuzzers).
#
# Clang only. ccache needs two sloppiness flags for it, which millrace_settings passes on.

option(MILLRACE_PCH "precompile the standard headers" ON)

set(MILLRACE_PRELUDE
  <algorithm> <array> <charconv> <chrono> <coroutine> <cstdint> <cstring> <expected> <filesystem>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <tuple>
  <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

if(MILLRACE_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL Clang AND NOT MILLRACE_FUZZ)
  set(source ${CMAKE_BINARY_DIR}/prelude.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// What a precompiled header is compiled with.\n")
  foreach(prelude millrace_prelude millrace_test_prelude)
    add_library(${prelude} OBJECT ${source})
    target_link_libraries(${prelude} PRIVATE millrace_warnings fmt::fmt GTest::gtest)
    target_compile_options(${prelude} PUBLIC -Xclang -fno-pch-timestamp)
  endforeach()
  target_precompile_headers(millrace_prelude PRIVATE ${MILLRACE_PRELUDE})
  target_precompile_headers(millrace_test_prelude PRIVATE ${MILLRACE_PRELUDE} <gtest/gtest.h>)
endif()

# millrace_precompiled(<target> [TEST]): the target is compiled with the prelude.
function(millrace_precompiled target)
  cmake_parse_arguments(ARG "TEST" "" "" ${ARGN})
  set(prelude millrace_prelude)
  if(ARG_TEST)
    set(prelude millrace_test_prelude)
  endif()
  if(TARGET ${prelude})
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${target} REUSE_FROM ${prelude})
  endif()
endfunction()
