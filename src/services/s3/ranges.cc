#include "services/s3/ranges.h"

#include <algorithm>
#include <charconv>

namespace millrace::s3 {
namespace {

constexpr std::string_view kUnit = "bytes=";

// A number beyond all is the largest.
std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
    return UINT64_MAX;
  }
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

ParsedRange parse_range(std::string_view header, uint64_t size) {
  if (!header.starts_with(kUnit)) return {};
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = header.substr(0, dash);
  const std::string_view last_text = header.substr(dash + 1);
  const std::optional<uint64_t> first = parse_number(first_text);
  const std::optional<uint64_t> last = parse_number(last_text);
  if (!first && !first_text.empty()) return {};
  if (!last && !last_text.empty()) return {};
  if (!first) {
    if (!last) return {};
    if (*last == 0 || size == 0) return {RangeKind::unsatisfiable, {}};
    const uint64_t length = std::min(*last, size);
    return {RangeKind::satisfiable, {size - length, length}};
  }
  if (last && *last < *first) return {};
  if (*first >= size) return {RangeKind::unsatisfiable, {}};
  const uint64_t end = last && *last < size - 1 ? *last + 1 : size;
  return {RangeKind::satisfiable, {*first, end - *first}};
}

std::optional<ByteRange> parse_copy_range(std::string_view header) {
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> first = parse_number(header.substr(0, dash));
  const std::optional<uint64_t> last = parse_number(header.substr(dash + 1));
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  return ByteRange{*first, *last - *first + 1};
}

}  // namespace millrace::s3
