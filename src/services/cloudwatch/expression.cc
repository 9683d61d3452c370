#include "services/cloudwatch/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace millrace::cloudwatch {
namespace {

std::unexpected<Error> invalid(std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("Error in expression: {}", why));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

double apply(char op, double left, double right) {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return std::pow(left, right);
  }
}

// Results that are no number have no point, as in AWS.
void put(Points& points, Time time, double value) {
  if (std::isfinite(value)) points.emplace_hint(points.end(), time, value);
}

Points combine(char op, const Points& left, const Points& right) {
  Points out;
  for (const auto& [time, value] : left) {
    const auto other = right.find(time);
    if (other != right.end()) put(out, time, apply(op, value, other->second));
  }
  return out;
}

template <class F>
Points each(const Points& points, F change) {
  Points out;
  for (const auto& [time, value] : points) put(out, time, change(value));
  return out;
}

template <class F>
MathValue each(const MathValue& value, F change) {
  if (const auto* number = std::get_if<double>(&value)) return change(*number);
  if (const auto* points = std::get_if<Points>(&value)) return each(*points, change);
  std::vector<Points> out;
  for (const Points& points : std::get<std::vector<Points>>(value)) {
    out.push_back(each(points, change));
  }
  return out;
}

Result<MathValue> combine(char op, const MathValue& left, const MathValue& right) {
  if (const auto* number = std::get_if<double>(&right)) {
    return each(left, [op, number](double value) { return apply(op, value, *number); });
  }
  if (const auto* number = std::get_if<double>(&left)) {
    return each(right, [op, number](double value) { return apply(op, *number, value); });
  }
  const auto* one = std::get_if<Points>(&left);
  const auto* other = std::get_if<Points>(&right);
  if (one != nullptr && other != nullptr) return combine(op, *one, *other);
  if (one == nullptr && other == nullptr) return invalid("an operation on two lists");
  std::vector<Points> out;
  const auto& list = std::get<std::vector<Points>>(one == nullptr ? left : right);
  for (const Points& points : list) {
    out.push_back(one == nullptr ? combine(op, points, *other) : combine(op, *one, points));
  }
  return out;
}

struct Total {
  double sum = 0, min = 0, max = 0;
  size_t count = 0;
  void add(double value) {
    min = count == 0 ? value : std::min(min, value);
    max = count == 0 ? value : std::max(max, value);
    sum += value;
    ++count;
  }
  double as(std::string_view function) const {
    if (function == "MIN") return min;
    if (function == "MAX") return max;
    return function == "SUM" ? sum : sum / static_cast<double>(count);
  }
};

// AWS: of one series a number; of a list, one series with what its series have at each time.
Result<MathValue> reduce(std::string_view function, const MathValue& value) {
  if (std::holds_alternative<double>(value)) return value;
  if (const auto* points = std::get_if<Points>(&value)) {
    Total total;
    for (const auto& [time, number] : *points) total.add(number);
    return total.count == 0 ? 0 : total.as(function);
  }
  std::map<Time, Total> totals;
  for (const Points& points : std::get<std::vector<Points>>(value)) {
    for (const auto& [time, number] : points) totals[time].add(number);
  }
  Points out;
  for (const auto& [time, total] : totals) put(out, time, total.as(function));
  return out;
}

// FILL(list, number): each series gets the number at the times that only others have.
Result<MathValue> fill(const MathValue& value, const MathValue& with) {
  const auto* number = std::get_if<double>(&with);
  if (number == nullptr) return invalid("FILL needs a number");
  const auto* list = std::get_if<std::vector<Points>>(&value);
  if (list == nullptr) return value;
  std::vector<Points> out = *list;
  for (const Points& points : *list) {
    for (const auto& [time, ignored] : points) {
      for (Points& each_series : out) each_series.emplace(time, *number);
    }
  }
  return out;
}

// By recursive descent; evaluates as it goes.
class Reader {
 public:
  Reader(std::string_view text, const MathScope& scope) : rest_(text), scope_(scope) {}

  Result<MathValue> read() {
    TRY(MathValue value, sum());
    skip_blanks();
    if (!rest_.empty()) return invalid(fmt::format("unexpected '{}'", rest_.substr(0, 20)));
    return value;
  }

 private:
  void skip_blanks();
  bool take(char c);
  Result<MathValue> sum();
  Result<MathValue> product();
  Result<MathValue> power();
  Result<MathValue> factor();
  Result<MathValue> nested();
  Result<MathValue> number();
  Result<MathValue> list();
  Result<MathValue> name();
  Result<MathValue> function(std::string_view called);
  Result<std::vector<MathValue>> arguments();

  std::string_view rest_;
  const MathScope& scope_;
  unsigned depth_ = 0;
};

void Reader::skip_blanks() {
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' ||
                            rest_.front() == '\n' || rest_.front() == '\r')) {
    rest_.remove_prefix(1);
  }
}

bool Reader::take(char c) {
  skip_blanks();
  if (rest_.empty() || rest_.front() != c) return false;
  rest_.remove_prefix(1);
  return true;
}

Result<MathValue> Reader::sum() {
  TRY(MathValue left, product());
  while (true) {
    const char op = take('+') ? '+' : take('-') ? '-' : '\0';
    if (op == '\0') return left;
    TRY(const MathValue right, product());
    TRY(left, combine(op, left, right));
  }
}

Result<MathValue> Reader::product() {
  TRY(MathValue left, power());
  while (true) {
    const char op = take('*') ? '*' : take('/') ? '/' : '\0';
    if (op == '\0') return left;
    TRY(const MathValue right, power());
    TRY(left, combine(op, left, right));
  }
}

Result<MathValue> Reader::power() {
  TRY(MathValue base, factor());
  if (!take('^')) return base;
  if (++depth_ > kExpressionDepthMax) return invalid("it is nested too deep");
  TRY(const MathValue exponent, power());
  --depth_;
  return combine('^', base, exponent);
}

Result<MathValue> Reader::factor() {
  if (++depth_ > kExpressionDepthMax) return invalid("it is nested too deep");
  Result<MathValue> value = nested();
  --depth_;
  return value;
}

Result<MathValue> Reader::nested() {
  if (take('-')) {
    TRY(const MathValue value, factor());
    return each(value, [](double number) { return -number; });
  }
  if (take('(')) {
    TRY(MathValue value, sum());
    if (!take(')')) return invalid(") is missing");
    return value;
  }
  if (take('[')) return list();
  skip_blanks();
  if (rest_.empty()) return invalid("it ends too early");
  if (is_digit(rest_.front()) || rest_.front() == '.') return number();
  if (is_letter(rest_.front())) return name();
  return fail(ErrorKind::unsupported,
              fmt::format("Error in expression: '{}' is not supported", rest_.substr(0, 1)));
}

Result<MathValue> Reader::number() {
  double value = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return invalid("a number cannot be read");
  rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
  return value;
}

Result<MathValue> Reader::list() {
  std::vector<Points> out;
  do {
    TRY(MathValue value, sum());
    auto* points = std::get_if<Points>(&value);
    if (points == nullptr) return invalid("a list holds series");
    if (out.size() >= kExpressionSeriesMax) return invalid("a list is too long");
    out.push_back(std::move(*points));
  } while (take(','));
  if (!take(']')) return invalid("] is missing");
  return out;
}

Result<MathValue> Reader::name() {
  const auto* const end =
      std::ranges::find_if_not(rest_, [](char c) { return is_letter(c) || is_digit(c); });
  const std::string_view called(rest_.begin(), static_cast<size_t>(end - rest_.begin()));
  rest_.remove_prefix(called.size());
  if (take('(')) return function(called);
  return scope_.find(called);
}

Result<std::vector<MathValue>> Reader::arguments() {
  std::vector<MathValue> out;
  if (take(')')) return out;
  do {
    TRY(MathValue value, sum());
    out.push_back(std::move(value));
  } while (take(','));
  if (!take(')')) return invalid(") is missing");
  return out;
}

Result<MathValue> Reader::function(std::string_view called) {
  constexpr std::array<std::string_view, 9> kServed{"ABS", "AVG", "CEIL", "FILL",   "FLOOR",
                                                    "MAX", "MIN", "SUM",  "METRICS"};
  std::string upper(called);
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (std::ranges::find(kServed, upper) == kServed.end()) {
    return fail(ErrorKind::unsupported,
                fmt::format("Error in expression: the function {} is not supported", upper));
  }
  TRY(const std::vector<MathValue> given, arguments());
  const size_t wanted = upper == "METRICS" ? 0 : upper == "FILL" ? 2 : 1;
  if (given.size() != wanted) {
    return invalid(fmt::format("{} takes {} arguments", upper, wanted));
  }
  if (upper == "METRICS") {
    TRY(std::vector<Points> all, scope_.metrics());
    return all;
  }
  if (upper == "FILL") return fill(given[0], given[1]);
  if (upper == "ABS") return each(given[0], [](double value) { return std::abs(value); });
  if (upper == "CEIL") return each(given[0], [](double value) { return std::ceil(value); });
  if (upper == "FLOOR") return each(given[0], [](double value) { return std::floor(value); });
  return reduce(upper, given[0]);
}

}  // namespace

Result<MathValue> evaluate_expression(std::string_view text, const MathScope& scope) {
  if (text.size() > kExpressionBytesMax) return invalid("it is too long");
  return Reader(text, scope).read();
}

}  // namespace millrace::cloudwatch
