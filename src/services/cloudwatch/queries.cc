#include <fmt/format.h>

#include "services/cloudwatch/cloudwatch.h"

namespace millrace::cloudwatch {
namespace {

constexpr std::chrono::hours kMinutesKept{15 * 24};
constexpr std::chrono::hours kFiveMinutesKept{63 * 24};

Time taken_down(Time time, seconds step) {
  return Time(time.time_since_epoch() - time.time_since_epoch() % microseconds(step));
}

}  // namespace

Error named_error(Error error) {
  if (error.kind != ErrorKind::invalid) return error;
  return errors::invalid_parameter_value(std::move(error.message));
}

std::vector<metrics::Dimension> read_dimensions(const wire::List<api::Dimension>& dimensions) {
  std::vector<metrics::Dimension> out;
  for (const api::Dimension dimension : dimensions) {
    out.push_back({std::string(dimension.name()), std::string(dimension.value())});
  }
  return out;
}

Result<seconds> read_period(int64_t period) {
  const bool fine = period == 1 || period == 5 || period == 10 || period == 20 || period == 30;
  if (!fine && (period <= 0 || period % 60 != 0)) {
    return fail(errors::invalid_parameter_value(
        "The parameter Period must be set to 1, 5, 10, 20, 30, or a multiple of 60."));
  }
  return seconds(period);
}

Time first_period(Time start, seconds period, Time now) {
  if (start < now - kFiveMinutesKept) return taken_down(start, seconds(3'600));
  if (start < now - kMinutesKept) return taken_down(start, seconds(300));
  return taken_down(start, std::min(period, seconds(60)));
}

}  // namespace millrace::cloudwatch
