// Patterns of paths: "s3://b/year=*/**/part-?.parquet".
//
// `*`, `?` and `[a-z]`, `[!a]` match within a part of the path, `**` any number of whole parts.
#pragma once

#include <string>
#include <string_view>

namespace millrace::sql {

bool has_glob(std::string_view pattern);
// The beginning that every match has: up to the last '/' before the first sign.
std::string_view fixed_prefix(std::string_view pattern);
// Takes time proportional to the product of both lengths at most.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace millrace::sql
