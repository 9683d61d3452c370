// Bytes: owned and borrowed sequences of bytes. A BytesView outlives nothing.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

using Bytes = std::string;
using BytesView = std::string_view;

std::string to_hex(BytesView bytes);                  // Lower case.
bool from_hex(std::string_view text, Bytes& out);     // False on anything but pairs of hex digits.
std::string to_base64(BytesView bytes);               // Standard alphabet, padded.
bool from_base64(std::string_view text, Bytes& out);  // Standard alphabet, strict padding.

// Compares in a time that depends on the lengths only.
bool equal_constant_time(BytesView a, BytesView b);

// True where `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace millrace
