// Scalars as text: numbers, booleans, blobs and timestamps in headers, queries,
// XML and forms.
//
// Pure. Parsers are strict (ranges of 32 and 64 bits, no white space, "NaN",
// "Infinity" and
// "-Infinity" for reals) and answer nothing where a text does not fit.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "wire/model/value.h"

namespace millrace::wire {

// The format of a timestamp: the member's, else its shape's, else `otherwise`.
TimestampFormat timestamp_format(const Member& member, TimestampFormat otherwise);

void append_integer(Bytes& out, int64_t value);
// Shortest text that reads back as the same number; of 32 bits where
// `is_float`.
void append_real(Bytes& out, double value, bool is_float);
// Epoch seconds have a fraction where there is one.
void append_timestamp(Bytes& out, Time value, TimestampFormat format);
// Any scalar; blobs as base64.
void append_scalar(Bytes& out, const Member& member, const Value& value, TimestampFormat otherwise);

// Whole numbers may be written 1.0 or 1e3, as AWS takes them.
std::optional<int64_t> parse_integer(std::string_view text, bool is_32_bit);
std::optional<double> parse_real(std::string_view text);
std::optional<Time> parse_timestamp(std::string_view text, TimestampFormat format);
// Any scalar. Texts are borrowed; blobs are decoded into the arena.
std::optional<Value> parse_scalar(const Member& member, std::string_view text,
                                  TimestampFormat otherwise, Arena& arena);
// Base64 into the arena.
std::optional<std::string_view> decode_blob(std::string_view base64, Arena& arena);

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only.

}  // namespace millrace::wire
