#include "engines/metrics/log_pattern.h"

#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "engines/metrics/limits.h"

namespace millrace::metrics {

using pattern::Node;
using pattern::Step;
using pattern::Test;

namespace {

// Whether `text` is `glob`, in which each `*` stands for any characters.
bool like(std::string_view glob, std::string_view text) {
  size_t g = 0;
  size_t t = 0;
  size_t star = glob.npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::optional<double> as_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

bool compare(Test test, double left, double right) {
  switch (test) {
    case Test::equal:
      return left == right;
    case Test::not_equal:
      return left != right;
    case Test::less:
      return left < right;
    case Test::less_equal:
      return left <= right;
    case Test::greater:
      return left > right;
    case Test::greater_equal:
      return left >= right;
    default:
      return false;
  }
}

// A text against what the pattern says: as numbers where both are, else as texts.
bool test_text(const Node& node, std::string_view text) {
  if (node.number) {
    if (const auto number = as_number(text)) return compare(node.test, *number, *node.number);
  }
  if (node.test == Test::equal) return like(node.text, text);
  if (node.test == Test::not_equal) return !like(node.text, text);
  return false;
}

const boost::json::value* at(const boost::json::value& document, const std::vector<Step>& path) {
  const boost::json::value* here = &document;
  for (const Step& step : path) {
    if (step.index) {
      const auto* items = here->if_array();
      here = items != nullptr && *step.index < items->size() ? &(*items)[*step.index] : nullptr;
    } else {
      const auto* members = here->if_object();
      here = members != nullptr ? members->if_contains(step.member) : nullptr;
    }
    if (here == nullptr) return nullptr;
  }
  return here;
}

bool test_value(const Node& node, const boost::json::value* value) {
  switch (node.test) {
    case Test::exists_not:
      return value == nullptr;
    case Test::is_null:
      return value != nullptr && value->is_null();
    case Test::is_true:
      return value != nullptr && value->is_bool() && value->get_bool();
    case Test::is_false:
      return value != nullptr && value->is_bool() && !value->get_bool();
    default:
      break;
  }
  if (value == nullptr) return false;
  if (const auto* text = value->if_string()) {
    return test_text(node, {text->data(), text->size()});
  }
  if (!value->is_number()) return false;
  const auto number = value->to_number<double>();
  if (node.number) return compare(node.test, number, *node.number);
  const std::string text = boost::json::serialize(*value);
  return test_text(node, text);
}

// The fields of a line: parted by blanks; "…" and […] are one field, without their marks.
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while (true) {
    at = line.find_first_not_of(" \t\r\n", at);
    if (at == line.npos) return out;
    const char mark = line[at] == '"' ? '"' : line[at] == '[' ? ']' : '\0';
    const size_t close = mark != '\0' ? line.find(mark, at + 1) : line.npos;
    if (close != line.npos) {
      out.push_back(line.substr(at + 1, close - at - 1));
      at = close + 1;
    } else {
      const size_t end = std::min(line.find_first_of(" \t\r\n", at), line.size());
      out.push_back(line.substr(at, end - at));
      at = end;
    }
  }
}

// `leaf` answers for the tests. Depth is bounded by the parser.
template <class Leaf>
bool holds(const std::vector<Node>& nodes, size_t index, const Leaf& leaf) {
  const Node& node = nodes[index];
  if (node.kind == Node::Kind::test) return leaf(node);
  const bool left = holds(nodes, node.left, leaf);
  if (node.kind == Node::Kind::all) return left && holds(nodes, node.right, leaf);
  return left || holds(nodes, node.right, leaf);
}

}  // namespace

bool LogPattern::matches(std::string_view line) const {
  switch (kind_) {
    case Kind::terms:
      return matches_terms(line);
    case Kind::json:
      return matches_json(line);
    case Kind::fields:
      return matches_fields(line);
  }
  return false;
}

bool LogPattern::matches_terms(std::string_view line) const {
  for (const std::string& term : excluded_) {
    if (line.find(term) != line.npos) return false;
  }
  for (const std::string& term : required_) {
    if (line.find(term) == line.npos) return false;
  }
  if (!required_.empty() || optional_.empty()) return true;
  for (const std::string& term : optional_) {
    if (line.find(term) != line.npos) return true;
  }
  return false;
}

bool LogPattern::matches_json(std::string_view line) const {
  const size_t first = line.find_first_not_of(" \t\r\n");
  if (first == line.npos || (line[first] != '{' && line[first] != '[')) return false;
  boost::json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::json::error_code error;
  const boost::json::value document =
      boost::json::parse(boost::json::string_view(line.data(), line.size()), error, {}, options);
  if (error) return false;
  if (!root_) return true;
  return holds(nodes_, *root_,
               [&](const Node& node) { return test_value(node, at(document, node.path)); });
}

bool LogPattern::matches_fields(std::string_view line) const {
  const std::vector<std::string_view> found = fields_of(line);
  if (found.size() < fields_ || (!ellipsis_at_ && found.size() != fields_)) return false;
  if (!root_) return true;
  const size_t skipped = found.size() - fields_;
  return holds(nodes_, *root_, [&](const Node& node) {
    const bool behind = ellipsis_at_ && node.field >= *ellipsis_at_;
    return test_text(node, found[behind ? node.field + skipped : node.field]);
  });
}

}  // namespace millrace::metrics
