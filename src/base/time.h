// Time as a value. The clock that tells it is runtime/clock.h.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

// A moment, in microseconds since 1970-01-01T00:00:00Z.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string to_iso8601(Time t);         // 2026-11-22T10:00:00Z, with .mmm when there are any
std::string to_iso8601_millis(Time t);  // 2026-11-22T10:00:00.000Z, always
std::string to_iso8601_basic(Time t);   // 20261122T100000Z
std::string to_http_date(Time t);       // Sun, 22 Nov 2026 10:00:00 GMT
double to_epoch_seconds(Time t);

std::optional<Time> parse_iso8601(std::string_view text);  // With fraction, with Z or an offset.
std::optional<Time> parse_iso8601_basic(std::string_view text);
std::optional<Time> parse_http_date(std::string_view text);  // The three forms of RFC 9110.
std::optional<Time> from_epoch_seconds(double seconds);  // Nothing out of years 1..9999, or NaN.

}  // namespace millrace
