#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "engines/metrics/aggregate.h"

namespace millrace::metrics {
namespace {

using Kind = Statistic::Kind;
using Bound = Statistic::Bound;

constexpr size_t kStatisticTextMax = 100;

constexpr std::array<std::pair<std::string_view, Kind>, 5> kPlain{{
    {"SampleCount", Kind::sample_count},
    {"Average", Kind::average},
    {"Sum", Kind::sum},
    {"Minimum", Kind::minimum},
    {"Maximum", Kind::maximum},
}};
constexpr std::array<std::pair<std::string_view, Kind>, 6> kExtended{{
    {"p", Kind::percentile},
    {"tm", Kind::trimmed_mean},
    {"wm", Kind::winsorized_mean},
    {"tc", Kind::trimmed_count},
    {"ts", Kind::trimmed_sum},
    {"pr", Kind::percentile_rank},
}};

std::unexpected<Error> no_statistic(std::string_view text) {
  return fail(ErrorKind::invalid,
              fmt::format("{} is not a statistic", text.substr(0, kStatisticTextMax)));
}

// Digits with at most one point: no sign, no exponent.
bool parse_number(std::string_view text, double& number) {
  if (text.empty() || text.find_first_not_of("0123456789.") != text.npos) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_bound(std::string_view text, std::optional<Bound>& out) {
  if (text.empty()) return true;
  Bound bound;
  bound.percent = text.ends_with('%');
  if (bound.percent) text.remove_suffix(1);
  if (!parse_number(text, bound.at) || (bound.percent && bound.at > 100)) return false;
  out = bound;
  return true;
}

// "2%:98%", of TM(2%:98%).
bool parse_bounds(std::string_view text, Statistic& out) {
  const size_t colon = text.find(':');
  if (colon == text.npos || !parse_bound(text.substr(0, colon), out.low) ||
      !parse_bound(text.substr(colon + 1), out.high)) {
    return false;
  }
  if (!out.low && !out.high) return false;
  if (out.low && out.high &&
      (out.low->percent != out.high->percent || out.low->at >= out.high->at)) {
    return false;
  }
  const bool percent = (out.low && out.low->percent) || (out.high && out.high->percent);
  return out.kind != Kind::percentile_rank || !percent;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<Statistic> parse_statistic(std::string_view text) {
  Statistic out;
  for (const auto& [name, kind] : kPlain) {
    if (text == name) return Statistic{kind, {}, {}};
  }
  if (text == "IQM") return Statistic{Kind::trimmed_mean, Bound{25, true}, Bound{75, true}};
  if (text.size() > kStatisticTextMax) return no_statistic(text);
  const size_t letters = std::min(text.find_first_of("0123456789.("), text.size());
  std::string word(text.substr(0, letters));
  std::ranges::transform(word, word.begin(), lower);
  const std::string_view rest = text.substr(letters);
  const auto found = std::ranges::find(kExtended, word, &decltype(kExtended)::value_type::first);
  if (found == kExtended.end() || rest.empty()) return no_statistic(text);
  out.kind = found->second;
  if (rest.front() == '(') {
    const bool closed = rest.size() > 2 && rest.back() == ')';
    if (out.kind == Kind::percentile || !closed ||
        !parse_bounds(rest.substr(1, rest.size() - 2), out)) {
      return no_statistic(text);
    }
    return out;
  }
  Bound high{0, true};
  if (out.kind == Kind::percentile_rank || !parse_number(rest, high.at) || high.at > 100) {
    return no_statistic(text);
  }
  out.high = high;
  return out;
}

namespace {

// The smallest value such that the share `percent` of the samples is not above it.
double percentile(const Aggregate& samples, double percent) {
  double total = 0;
  for (const double weight : samples.weights) total += weight;
  const double rank = total * percent / 100;
  double seen = 0;
  for (size_t i = 0; i < samples.values.size(); ++i) {
    seen += samples.weights[i];
    if (seen >= rank * (1 - 1e-12)) {
      return std::clamp(samples.values[i], samples.min, samples.max);
    }
  }
  return samples.max;
}

struct Inside {
  double weight = 0;
  double sum = 0;
  double below = 0;  // The weight of what lies under the bounds, and above them.
  double above = 0;
  double smallest = 0;
  double largest = 0;
};

// What lies between the bounds: absolute ones exclude the lower and include the upper; those in
// percent cut through a value's weight.
Inside cut(const Statistic& statistic, const Aggregate& samples) {
  double total = 0;
  for (const double weight : samples.weights) total += weight;
  const auto rank = [total](const std::optional<Bound>& bound, double otherwise) {
    return bound && bound->percent ? total * bound->at / 100 : otherwise;
  };
  const double rank_low = rank(statistic.low, 0);
  const double rank_high = rank(statistic.high, total);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double low = statistic.low && !statistic.low->percent ? statistic.low->at : -kInfinity;
  const double high = statistic.high && !statistic.high->percent ? statistic.high->at : kInfinity;
  Inside out;
  double seen = 0;
  for (size_t i = 0; i < samples.values.size(); ++i) {
    const double value = std::clamp(samples.values[i], samples.min, samples.max);
    const double begin = seen;
    seen += samples.weights[i];
    if (value <= low || seen <= rank_low) {
      out.below += samples.weights[i];
      continue;
    }
    if (value > high || begin >= rank_high) {
      out.above += samples.weights[i];
      continue;
    }
    const double weight = std::min(seen, rank_high) - std::max(begin, rank_low);
    out.below += std::max(0.0, rank_low - begin);
    out.above += std::max(0.0, seen - rank_high);
    if (out.weight == 0) out.smallest = value;
    out.largest = value;
    out.weight += weight;
    out.sum += weight * value;
  }
  return out;
}

std::optional<double> evaluate_cut(const Statistic& statistic, const Aggregate& samples) {
  const Inside inside = cut(statistic, samples);
  switch (statistic.kind) {
    case Kind::trimmed_count:
      return inside.weight;
    case Kind::trimmed_sum:
      return inside.sum;
    case Kind::percentile_rank:
      return 100 * inside.weight / samples.count;
    case Kind::trimmed_mean:
      if (inside.weight <= 0) return std::nullopt;
      return inside.sum / inside.weight;
    default: {
      // What lies outside counts as the nearest value inside.
      if (inside.weight <= 0) return std::nullopt;
      const double sum =
          inside.sum + inside.below * inside.smallest + inside.above * inside.largest;
      return sum / (inside.weight + inside.below + inside.above);
    }
  }
}

}  // namespace

std::optional<double> evaluate(const Statistic& statistic, const Aggregate& samples) {
  if (samples.count <= 0) return std::nullopt;
  if (statistic.needs_distribution() && !samples.distribution_known()) return std::nullopt;
  switch (statistic.kind) {
    case Kind::sample_count:
      return samples.count;
    case Kind::average:
      return samples.sum / samples.count;
    case Kind::sum:
      return samples.sum;
    case Kind::minimum:
      return samples.min;
    case Kind::maximum:
      return samples.max;
    case Kind::percentile:
      if (statistic.high->at <= 0) return samples.min;
      if (statistic.high->at >= 100) return samples.max;
      return percentile(samples, statistic.high->at);
    default:
      return evaluate_cut(statistic, samples);
  }
}

}  // namespace millrace::metrics
