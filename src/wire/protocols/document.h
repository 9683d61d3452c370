// Documents: values as plain JSON text by their shape, with the model's member
// names.
//
// For storing documents in rows and printing results: blobs are base64,
// timestamps numbers (seconds, with a fraction where there is one); ISO texts
// are read too. Pure; what is read lives in the arena and borrows from `json`.
// Errors: invalid (SerializationException). Limits: limits.h.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/model/value.h"

namespace millrace::wire {

Result<Value> parse_document(const Shape& shape, std::string_view json, Arena& arena);
Bytes write_document(const Shape& shape, const Value& value);

}  // namespace millrace::wire
