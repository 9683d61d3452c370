// Metric math: what GetMetricData computes of time series.
// Source: "Using metric math" of the Amazon CloudWatch User Guide.
//
// Served: numbers, ids, + - * / ^, unary minus, parentheses, [lists], METRICS(), and ABS, AVG,
// CEIL, FILL (with a number), FLOOR, MAX, MIN, SUM. Everything else is refused by its name.
// Operations on two series answer for the times that both have.
//
// Pure. Errors: invalid (syntax, types, unknown ids), unsupported. Limits: kExpression… below.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::cloudwatch {

inline constexpr size_t kExpressionBytesMax = 2'048;
inline constexpr unsigned kExpressionDepthMax = 32;
inline constexpr size_t kExpressionSeriesMax = 500;  // Of one list.

using Points = std::map<Time, double>;
using MathValue = std::variant<double, Points, std::vector<Points>>;

// What an expression may refer to.
struct MathScope {
  // The value of an id; asked at each mention. Errors: invalid where there is no such id.
  std::function<Result<MathValue>(std::string_view id)> find;
  // All metrics of the request, for METRICS().
  std::function<Result<std::vector<Points>>()> metrics;
};

Result<MathValue> evaluate_expression(std::string_view text, const MathScope& scope);

}  // namespace millrace::cloudwatch
