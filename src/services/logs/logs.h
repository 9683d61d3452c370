// CloudWatch Logs: groups, streams, their events and retention.
// Source: Amazon CloudWatch Logs API Reference, version 2014-03-28.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/logs.h"
#include "engines/metrics/logs.h"
#include "runtime/clock.h"
#include "wire/pipeline/call.h"

namespace millrace::logs {

struct Logs {
  metrics::Logs& logs;
  runtime::Clock& clock;
};

// The engine's error under AWS's name.
Error named_error(Error error);
template <class T>
Result<T> named(Result<T> result) {
  if (!result) return fail(named_error(std::move(result).error()));
  return result;
}

// AWS's times are milliseconds since 1970. Out of what Time holds: its ends.
Time from_millis(int64_t millis);
int64_t to_millis(Time time);

// arn:aws:logs:<region>:<account>:log-group:<name>
std::string group_arn(const Realm& realm, std::string_view group);
// The group that an ARN names. AWS: without `:*`. Errors: InvalidParameterException.
Result<std::string> group_of_arn(std::string_view arn);
// The group that logGroupName, or logGroupIdentifier (a name or an ARN), names.
// Errors: InvalidParameterException, where there is none or both.
Result<std::string> group_of(std::string_view name, std::string_view identifier);

// The token behind what the stream holds. AWS ignores it in requests, and still answers one.
std::string sequence_token(const metrics::LogStream& stream);

}  // namespace millrace::logs
