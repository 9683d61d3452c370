// The version of the program, as --version and /_millrace/health tell it.
#pragma once

#include <string_view>

namespace millrace::app {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace millrace::app
