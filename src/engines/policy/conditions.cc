#include "engines/policy/conditions.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "engines/policy/pattern.h"

namespace millrace::policy {
namespace {

std::optional<double> number(std::string_view text) {
  double out = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
    return std::nullopt;
  }
  return out;
}

// A date with or without its time, or seconds since 1970.
std::optional<double> moment(std::string_view text) {
  if (const std::optional<double> epoch = number(text)) return epoch;
  std::string full(text);
  if (text.size() == 10) full += "T00:00:00Z";
  const std::optional<Time> time = parse_iso8601(full);
  if (!time) return std::nullopt;
  return to_epoch_seconds(*time);
}

struct Address {
  std::array<uint8_t, 16> bytes{};
  size_t size = 0;  // 4 or 16.
};

std::optional<Address> address(std::string_view text) {
  const std::string terminated(text);
  Address out;
  if (inet_pton(AF_INET, terminated.c_str(), out.bytes.data()) == 1) {
    out.size = 4;
    return out;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) != 1) return std::nullopt;
  out.size = 16;
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), out.bytes.begin())) {
    std::memmove(out.bytes.data(), out.bytes.data() + kMapped.size(), 4);
    out.size = 4;
  }
  return out;
}

bool in_network(std::string_view network, std::string_view text) {
  const size_t slash = network.find('/');
  const std::optional<Address> base = address(network.substr(0, slash));
  const std::optional<Address> given = address(text);
  if (!base || !given || base->size != given->size) return false;
  size_t bits = base->size * 8;
  if (slash != std::string_view::npos) {
    const std::string_view length = network.substr(slash + 1);
    size_t read = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), read);
    if (error != std::errc() || end != length.data() + length.size() || read > bits) return false;
    bits = read;
  }
  for (size_t bit = 0; bit < bits; bit += 8) {
    const size_t left = std::min<size_t>(8, bits - bit);
    const auto mask = static_cast<uint8_t>(0xFF << (8 - left));
    if (((base->bytes[bit / 8] ^ given->bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

template <class Value>
bool compare(std::optional<Value> given, std::optional<Value> wanted, Comparison how) {
  if (!given || !wanted) return false;
  switch (how) {
    case Comparison::numeric_less:
    case Comparison::date_less:
      return *given < *wanted;
    case Comparison::numeric_less_equals:
    case Comparison::date_less_equals:
      return *given <= *wanted;
    case Comparison::numeric_greater:
    case Comparison::date_greater:
      return *given > *wanted;
    case Comparison::numeric_greater_equals:
    case Comparison::date_greater_equals:
      return *given >= *wanted;
    default:
      return *given == *wanted;
  }
}

bool same_binary(std::string_view given, std::string_view wanted) {
  Bytes a;
  Bytes b;
  return from_base64(given, a) && from_base64(wanted, b) && a == b;
}

bool is_text(Comparison how) {
  return how <= Comparison::string_like || how == Comparison::arn_like;
}

bool text_matches(std::string_view given, std::string_view wanted, const Context& context,
                  Comparison how, bool variables) {
  const bool like = how == Comparison::string_like || how == Comparison::arn_like;
  const bool fold = how == Comparison::string_equals_ignoring_case;
  const std::optional<Pattern> pattern =
      make_pattern(wanted, context, {.wildcards = like, .variables = variables});
  if (!pattern) return false;
  if (how == Comparison::arn_like) return matches_arn(*pattern, given);
  if (!fold) return matches(*pattern, given);
  std::string plain;
  for (const char16_t c : *pattern) plain.push_back(static_cast<char>(c));
  return folded(plain) == folded(given);
}

bool value_matches(std::string_view given, std::string_view wanted, const Context& context,
                   Comparison how, bool variables) {
  if (is_text(how)) return text_matches(given, wanted, context, how, variables);
  switch (how) {
    case Comparison::boolean:
      return folded(given) == folded(wanted);
    case Comparison::binary_equals:
      return same_binary(given, wanted);
    case Comparison::ip_address:
      return in_network(wanted, given);
    case Comparison::numeric_equals:
    case Comparison::numeric_less:
    case Comparison::numeric_less_equals:
    case Comparison::numeric_greater:
    case Comparison::numeric_greater_equals:
      return compare(number(given), number(wanted), how);
    default:
      return compare(moment(given), moment(wanted), how);
  }
}

}  // namespace

bool holds(const Condition& condition, const Context& context, bool variables) {
  const Operator& op = condition.op;
  const std::vector<std::string>* const given = context.find(condition.key);
  if (op.comparison == Comparison::null) {
    const std::string_view state = given == nullptr ? "true" : "false";
    return std::ranges::any_of(condition.values,
                               [&](const std::string& v) { return folded(v) == state; });
  }
  if (given == nullptr) {
    if (op.quantifier == Quantifier::for_any_value) return op.if_exists;
    return op.if_exists || op.negated || op.quantifier == Quantifier::for_all_values;
  }
  // Whether one value of the request is what the operator wants.
  const auto fits = [&](const std::string& value) {
    const bool matched = std::ranges::any_of(condition.values, [&](const std::string& wanted) {
      return value_matches(value, wanted, context, op.comparison, variables);
    });
    return matched != op.negated;
  };
  const bool all = op.quantifier == Quantifier::for_all_values ||
                   (op.quantifier == Quantifier::single && op.negated);
  return all ? std::ranges::all_of(*given, fits) : std::ranges::any_of(*given, fits);
}

}  // namespace millrace::policy
