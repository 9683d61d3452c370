// CloudWatch: metric data in, statistics and metric math out.
// Source: Amazon CloudWatch API Reference, version 2010-08-01.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/cloudwatch.h"
#include "engines/metrics/series.h"
#include "runtime/clock.h"
#include "wire/pipeline/call.h"

namespace millrace::cloudwatch {

struct Cloudwatch {
  metrics::Series& series;
  runtime::Clock& clock;
};

// The engine's error under AWS's name.
Error named_error(Error error);
template <class T>
Result<T> named(Result<T> result) {
  if (!result) return fail(named_error(std::move(result).error()));
  return result;
}

std::vector<metrics::Dimension> read_dimensions(const wire::List<api::Dimension>& dimensions);

// The period of a request. Errors: InvalidParameterValue.
Result<seconds> read_period(int64_t period);
// Where the first period begins: AWS takes the start down to what it keeps of that age.
Time first_period(Time start, seconds period, Time now);

}  // namespace millrace::cloudwatch
