#include <fmt/format.h>

#include <algorithm>

#include "services/logs/logs.h"

namespace millrace::logs {
namespace {

constexpr std::string_view kGroupPart = "log-group:";

}  // namespace

Error named_error(Error error) {
  switch (error.kind) {
    case ErrorKind::not_found:
      return errors::resource_not_found(std::move(error.message));
    case ErrorKind::already_exists:
      return errors::resource_already_exists(std::move(error.message));
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
      return errors::invalid_parameter(std::move(error.message));
    default:
      return error;
  }
}

Time from_millis(int64_t millis) {
  constexpr int64_t kMost = Time::max().time_since_epoch().count() / 1'000;
  return Time(milliseconds(std::clamp(millis, -kMost, kMost)));
}

int64_t to_millis(Time time) {
  return std::chrono::floor<milliseconds>(time).time_since_epoch().count();
}

std::string group_arn(const Realm& realm, std::string_view group) {
  return make_arn("logs", realm, fmt::format("{}{}", kGroupPart, group));
}

Result<std::string> group_of_arn(std::string_view text) {
  const Arn arn = parse_arn(text);
  if (!arn.valid() || arn.service != "logs" || !arn.resource.starts_with(kGroupPart)) {
    return fail(errors::invalid_parameter(fmt::format("Invalid ARN: {}", text)));
  }
  return arn.resource.substr(kGroupPart.size());
}

Result<std::string> group_of(std::string_view name, std::string_view identifier) {
  if (name.empty() == identifier.empty()) {
    return fail(errors::invalid_parameter(
        name.empty() ? "LogGroupName or LogGroupIdentifier must be specified."
                     : "LogGroup name and LogGroup identifier are mutually exclusive parameters."));
  }
  if (!name.empty()) return std::string(name);
  if (identifier.starts_with("arn:")) return group_of_arn(identifier);
  return std::string(identifier);
}

std::string sequence_token(const metrics::LogStream& stream) {
  return fmt::format("{:056}", stream.next_sequence);
}

}  // namespace millrace::logs
