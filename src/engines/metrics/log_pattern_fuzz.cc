// Patterns of any bytes, matched against a line of any bytes: no crash, no endless loop.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engines/metrics/aggregate.h"
#include "engines/metrics/log_pattern.h"
#include "engines/metrics/log_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace::metrics;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t cut = all.find('\n');
  const std::string_view text = all.substr(0, cut);
  const std::string_view line = cut == all.npos ? std::string_view() : all.substr(cut + 1);
  const auto pattern = LogPattern::parse(text);
  if (pattern) static_cast<void>(pattern->matches(line));
  Aggregate samples;
  samples.add(1, 3);
  samples.add(-2.5);
  const auto statistic = parse_statistic(text);
  if (statistic) static_cast<void>(evaluate(*statistic, samples));
  static_cast<void>(parse_position(text));
  return 0;
}
