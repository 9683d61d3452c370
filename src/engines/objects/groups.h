// Groups of keys in listings. Private to the module. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace millrace::objects {

// The beginning of `key` up to and with the first delimiter behind the prefix.
std::optional<std::string> group_of(std::string_view key, std::string_view prefix,
                                    std::string_view delimiter);
bool is_group(const std::string& text, std::string_view prefix, std::string_view delimiter);

// The first row key behind the group.
Bytes behind_group(const std::string& bucket, std::string_view group);

}  // namespace millrace::objects
