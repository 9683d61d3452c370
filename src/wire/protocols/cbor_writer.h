// Values as CBOR, driven by shapes. The inverse of cbor_reader.h; cannot fail.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "wire/model/value.h"

namespace millrace::wire {

// Definite lengths throughout; reals of 32 bits where the shape is; timestamps
// as tag 1 of a double.
void append_cbor(Bytes& out, const Shape& shape, const Value& value);
void append_cbor_text(Bytes& out, std::string_view text);
// The head of a map of that many entries.
void append_cbor_map(Bytes& out, size_t entries);
// Counts and writes the members that are present.
size_t count_cbor_members(const Shape& shape, const Value& value);
void append_cbor_members(Bytes& out, const Shape& shape, const Value& value);

}  // namespace millrace::wire
