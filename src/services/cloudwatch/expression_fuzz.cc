// Expressions of any bytes: no crash, no endless recursion.
#include <cstddef>
#include <cstdint>

#include "services/cloudwatch/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::cloudwatch;
  const Points points{{Time(seconds(60)), 1.5}, {Time(seconds(120)), -2}};
  MathScope scope;
  scope.find = [&points](std::string_view id) -> Result<MathValue> {
    if (id.starts_with('m')) return points;
    return fail(ErrorKind::invalid, "no such id");
  };
  scope.metrics = [&points]() -> Result<std::vector<Points>> {
    return std::vector<Points>(2, points);
  };
  static_cast<void>(evaluate_expression({reinterpret_cast<const char*>(data), size}, scope));
  return 0;
}
