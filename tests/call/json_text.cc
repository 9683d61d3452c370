#include "tests/call/json_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <regex>

namespace millrace::call_tests {
namespace {

namespace json = boost::json;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::invalid, std::move(message));
}

Result<json::value> parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return invalid(fmt::format("no JSON ({}): {}", error.message(), shortened(text, 80)));
  return value;
}

std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }

std::optional<std::string> pattern_of(std::string_view text) {
  if (text.size() < 3 || text.front() != '/' || text.back() != '/') return std::nullopt;
  return std::string(text.substr(1, text.size() - 2));
}

Result<std::regex> compile(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript);
  } catch (const std::regex_error& thrown) {
    return invalid(fmt::format("no regular expression (/{}/): {}", pattern, thrown.what()));
  }
}

// Calls `visit(std::string_view)` with every string value; stops at an error.
template <class Visit>
Result<void> each_text(const json::value& value, const Visit& visit) {
  if (const auto* text = value.if_string()) return visit(view_of(*text));
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) TRY(each_text(item, visit));
  }
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) TRY(each_text(member.value(), visit));
  }
  return {};
}

// --- Paths -----------------------------------------------------------------------------------

struct PathPart {
  std::string name;  // Of a member.
  std::optional<size_t> index;
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// Takes `[…]` from the front of `rest`.
Result<PathPart> take_bracket(std::string_view& rest) {
  const size_t end = rest.find(']');
  if (end == std::string_view::npos) return invalid("a '[' without ']'");
  const std::string_view inside = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  if (inside.size() > 2 && inside.front() == '"' && inside.back() == '"') {
    return PathPart{std::string(inside.substr(1, inside.size() - 2)), std::nullopt};
  }
  size_t index = 0;
  const auto [stop, code] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (code != std::errc() || stop != inside.data() + inside.size()) {
    return invalid(fmt::format("[{}] is neither a number nor a \"name\"", inside));
  }
  return PathPart{{}, index};
}

Result<std::vector<PathPart>> parse_path(std::string_view path) {
  if (!path.starts_with('.')) return invalid("a path begins with '.'");
  std::vector<PathPart> parts;
  if (path == ".") return parts;
  std::string_view rest = path;
  if (rest.starts_with(".[")) rest.remove_prefix(1);
  while (!rest.empty()) {
    if (rest.front() == '[') {
      TRY(PathPart part, take_bracket(rest));
      parts.push_back(std::move(part));
      continue;
    }
    if (rest.front() != '.') return invalid(fmt::format("'{}' in a path", rest.front()));
    rest.remove_prefix(1);
    size_t length = 0;
    while (length < rest.size() && is_name_character(rest[length])) ++length;
    if (length == 0) return invalid("a path with an empty name");
    parts.push_back({std::string(rest.substr(0, length)), std::nullopt});
    rest.remove_prefix(length);
  }
  return parts;
}

const json::value* step_into(const json::value& value, const PathPart& part) {
  if (part.index) {
    const auto* const list = value.if_array();
    return list != nullptr && *part.index < list->size() ? &(*list)[*part.index] : nullptr;
  }
  const auto* const object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(part.name);
}

// --- Variables -------------------------------------------------------------------------------

struct Piece {
  std::string text;  // Literal, where `variable` is empty.
  std::string variable;
};

// Splits a text at its variables.
Result<std::vector<Piece>> pieces_of(std::string_view text) {
  const bool pattern = pattern_of(text).has_value();
  std::vector<Piece> pieces;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool braced = next == '{';
    // In a pattern a plain '$' is the end of the text.
    if (text[i] != '$' || (pattern && !braced)) {
      literal += text[i];
      continue;
    }
    if (next == '$') {
      literal += '$';
      ++i;
      continue;
    }
    size_t end = i + (braced ? 2 : 1);
    const size_t begin = end;
    while (end < text.size() && is_name_character(text[end])) ++end;
    const bool closed = !braced || (end < text.size() && text[end] == '}');
    if (end == begin || !closed) return invalid("a lone '$' (a dollar is written \"$$\")");
    // `$name` inside a longer text would be ambiguous to the reader.
    if (!braced && (begin != 1 || end != text.size())) {
      return invalid("inside a longer text a variable is written ${name}");
    }
    if (!literal.empty()) pieces.push_back({std::exchange(literal, {}), {}});
    pieces.push_back({{}, std::string(text.substr(begin, end - begin))});
    i = braced ? end : end - 1;
  }
  if (!literal.empty()) pieces.push_back({std::move(literal), {}});
  return pieces;
}

std::string escaped_for_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_name_character(c)) out += '\\';
    out += c;
  }
  return out;
}

class Substitution final {
 public:
  Substitution(const Variables& variables, bool expected)
      : variables_(variables), expected_(expected) {}

  Result<void> apply(json::value& value) const {
    if (auto* list = value.if_array()) {
      for (json::value& item : *list) TRY(apply(item));
    } else if (auto* object = value.if_object()) {
      for (auto& member : *object) TRY(apply(member.value()));
    } else if (value.is_string()) {
      TRY(value, replaced(view_of(value.get_string())));
    }
    return {};
  }

 private:
  Result<json::value> lookup(const std::string& name) const {
    const auto it = variables_.find(name);
    if (it == variables_.end()) return invalid(fmt::format("${} has no value", name));
    return parse(it->second);
  }

  Result<json::value> replaced(std::string_view text) const {
    TRY(const std::vector<Piece> pieces, pieces_of(text));
    if (pieces.size() == 1 && !pieces[0].variable.empty()) {
      TRY(json::value whole, lookup(pieces[0].variable));
      if (expected_ && whole.is_string()) {
        return json::value("=" + std::string(view_of(whole.get_string())));
      }
      return whole;
    }
    const bool pattern = expected_ && pattern_of(text).has_value();
    std::string out;
    for (const Piece& piece : pieces) {
      if (piece.variable.empty()) {
        out += piece.text;
        continue;
      }
      TRY(const json::value value, lookup(piece.variable));
      const auto* const inner = value.if_string();
      const std::string as_text =
          inner != nullptr ? std::string(view_of(*inner)) : json::serialize(value);
      out += pattern ? escaped_for_pattern(as_text) : as_text;
    }
    return json::value(out);
  }

  const Variables& variables_;
  bool expected_;
};

Result<std::string> substituted(std::string_view text, const Variables& variables, bool expected) {
  TRY(json::value value, parse(text));
  TRY(Substitution(variables, expected).apply(value));
  return json::serialize(value);
}

// --- Matching --------------------------------------------------------------------------------

std::optional<std::string> differs(const std::string& path, const json::value& expected,
                                   const json::value* got);

std::string at(const std::string& path) { return path.empty() ? "." : path; }

std::string message(const std::string& path, std::string_view expected, const json::value* got) {
  return fmt::format("at {}: expected {}, got {}", at(path), shortened(expected),
                     got == nullptr ? "nothing" : shortened(json::serialize(*got)));
}

bool is_absent(const json::value* got) { return got == nullptr || got->is_null(); }

bool same_number(const json::value& a, const json::value& b) {
  if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

std::optional<std::string> differs_text(const std::string& path, std::string_view expected,
                                        const json::value& got) {
  if (expected == "*") return std::nullopt;
  const auto* const text = got.if_string();
  if (const auto pattern = pattern_of(expected)) {
    const std::string subject =
        text != nullptr ? std::string(view_of(*text)) : json::serialize(got);
    const bool scalar = text != nullptr || got.is_number();
    if (scalar && found_in(*pattern, subject)) return std::nullopt;
  } else {
    if (expected.starts_with('=')) expected.remove_prefix(1);
    if (text != nullptr && view_of(*text) == expected) return std::nullopt;
  }
  return message(path, fmt::format("\"{}\"", expected), &got);
}

std::optional<std::string> differs_list(const std::string& path, const json::array& expected,
                                        const json::value* got) {
  if (expected.empty() && is_absent(got)) return std::nullopt;
  const auto* const list = got == nullptr ? nullptr : got->if_array();
  if (list == nullptr) return message(path, json::serialize(expected), got);
  const bool open = !expected.empty() && expected.back() == json::value("...");
  const size_t count = expected.size() - (open ? 1 : 0);
  if (list->size() < count || (!open && list->size() > count)) {
    return message(
        path,
        fmt::format("{}{} items ({})", count, open ? " or more" : "", json::serialize(expected)),
        got);
  }
  for (size_t i = 0; i < count; ++i) {
    auto difference = differs(fmt::format("{}[{}]", path, i), expected[i], &(*list)[i]);
    if (difference) return difference;
  }
  return std::nullopt;
}

std::optional<std::string> differs_object(const std::string& path, const json::object& expected,
                                          const json::value* got) {
  const auto* const object = got == nullptr ? nullptr : got->if_object();
  if (object == nullptr) return message(path, json::serialize(expected), got);
  for (const auto& member : expected) {
    const std::string name(member.key().data(), member.key().size());
    auto difference =
        differs(fmt::format("{}.{}", path, name), member.value(), object->if_contains(name));
    if (difference) return difference;
  }
  return std::nullopt;
}

std::optional<std::string> differs(const std::string& path, const json::value& expected,
                                   const json::value* got) {
  if (const auto* list = expected.if_array()) return differs_list(path, *list, got);
  if (const auto* object = expected.if_object()) return differs_object(path, *object, got);
  if (expected.is_null()) {
    return is_absent(got) ? std::nullopt : std::optional(message(path, "nothing", got));
  }
  if (is_absent(got)) return message(path, json::serialize(expected), got);
  if (const auto* text = expected.if_string()) return differs_text(path, view_of(*text), *got);
  const bool numbers = expected.is_number() && got->is_number();
  if (numbers ? same_number(expected, *got) : expected == *got) return std::nullopt;
  return message(path, json::serialize(expected), got);
}

}  // namespace

Result<size_t> object_length(std::string_view text) {
  if (!text.starts_with('{')) return invalid("a JSON object must stand here");
  json::stream_parser parser;
  boost::system::error_code error;
  const size_t taken = parser.write_some(text.data(), text.size(), error);
  if (error) return invalid("no JSON: " + error.message());
  if (!parser.done()) return invalid("the JSON object does not end");
  return taken;
}

Result<Variables> members_of(std::string_view object) {
  TRY(const json::value value, parse(object));
  if (!value.is_object()) return invalid("a JSON object must stand here");
  Variables members;
  for (const auto& member : value.get_object()) {
    members.emplace(member.key(), json::serialize(member.value()));
  }
  return members;
}

Result<void> check_json(std::string_view text) {
  TRY(parse(text));
  return {};
}

Result<void> check_expected(std::string_view text) {
  TRY(const json::value value, parse(text));
  return each_text(value, [](std::string_view item) -> Result<void> {
    if (const auto pattern = pattern_of(item)) TRY(compile(*pattern));
    return {};
  });
}

Result<std::string> check_pattern(std::string_view text) {
  const auto pattern = pattern_of(text);
  if (!pattern) return invalid("a regular expression stands between slashes: /…/");
  TRY(compile(*pattern));
  return *pattern;
}

bool found_in(const std::string& pattern, const std::string& text) {
  const auto compiled = compile(pattern);
  return compiled && std::regex_search(text, *compiled);
}

Result<void> check_path(std::string_view path) {
  TRY(parse_path(path));
  return {};
}

Result<std::string> member_at(std::string_view text, std::string_view path) {
  TRY(const std::vector<PathPart> parts, parse_path(path));
  TRY(const json::value root, parse(text));
  const json::value* value = &root;
  for (const PathPart& part : parts) {
    value = step_into(*value, part);
    if (value == nullptr) {
      return invalid(fmt::format("there is no {} in {}", path, shortened(text)));
    }
  }
  return json::serialize(*value);
}

Result<std::set<std::string>> variables_in(std::string_view text) {
  TRY(const json::value value, parse(text));
  std::set<std::string> names;
  TRY(each_text(value, [&names](std::string_view item) -> Result<void> {
    TRY(const std::vector<Piece> pieces, pieces_of(item));
    for (const Piece& piece : pieces) {
      if (!piece.variable.empty()) names.insert(piece.variable);
    }
    return {};
  }));
  return names;
}

Result<std::string> substitute(std::string_view text, const Variables& variables) {
  return substituted(text, variables, false);
}

Result<std::string> substitute_expected(std::string_view text, const Variables& variables) {
  return substituted(text, variables, true);
}

std::optional<std::string> mismatch(std::string_view expected, std::string_view got) {
  const auto wanted = parse(expected);
  if (!wanted) return wanted.error().message;
  const auto answer = parse(got);
  if (!answer) return "the answer is " + answer.error().message;
  return differs("", *wanted, &*answer);
}

std::string shortened(std::string_view text, size_t size_max) {
  if (text.size() <= size_max) return std::string(text);
  return fmt::format("{}… ({} bytes)", text.substr(0, size_max), text.size());
}

}  // namespace millrace::call_tests
