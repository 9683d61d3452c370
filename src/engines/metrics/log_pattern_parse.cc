#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "engines/metrics/limits.h"
#include "engines/metrics/log_pattern.h"

namespace millrace::metrics {

using pattern::Node;
using pattern::Step;
using pattern::Test;

// By recursive descent. Precedence: && before ||.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : rest_(text) {}

  Result<LogPattern> parse() {
    skip_blanks();
    if (rest_.starts_with('%')) return no_regex();
    if (take("{")) {
      TRY(parse_json());
    } else if (take("[")) {
      TRY(parse_fields());
    } else {
      TRY(parse_terms());
    }
    return std::move(out_);
  }

 private:
  static std::unexpected<Error> invalid(std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("Invalid filter pattern: {}", why));
  }
  static std::unexpected<Error> no_regex() {
    return fail(ErrorKind::unsupported,
                "Invalid filter pattern: regular expressions (%...%) are not supported");
  }

  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  void skip_blanks() {
    while (!rest_.empty() && blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  // A word of the language, in capitals or not, that ends here.
  bool take_word(std::string_view word) {
    skip_blanks();
    if (rest_.size() < word.size()) return false;
    for (size_t i = 0; i < word.size(); ++i) {
      if ((rest_[i] & ~0x20) != word[i]) return false;
    }
    const bool ends = rest_.size() == word.size() || !name_character(rest_[word.size()]);
    if (ends) rest_.remove_prefix(word.size());
    return ends;
  }
  static bool name_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
  }
  std::string_view take_name() {
    const auto* end = std::ranges::find_if_not(rest_, name_character);
    const std::string_view name(rest_.begin(), static_cast<size_t>(end - rest_.begin()));
    rest_.remove_prefix(name.size());
    return name;
  }
  // What follows an opening quote, up to the closing one; a backslash keeps the next character.
  Result<std::string> take_quoted(char quote) {
    std::string text;
    while (!rest_.empty() && rest_.front() != quote) {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return invalid("a quotation mark is missing");
    rest_.remove_prefix(1);
    return text;
  }

  Result<void> parse_terms() {
    size_t terms = 0;
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      if (++terms > kPatternTermsMax) return invalid("too many terms");
      std::vector<std::string>* into = &out_.required_;
      if (rest_.size() > 1 && !blank(rest_[1])) {
        if (take("-")) {
          into = &out_.excluded_;
        } else if (take("?")) {
          into = &out_.optional_;
        }
      }
      if (take("\"")) {
        TRY(std::string term, take_quoted('"'));
        into->push_back(std::move(term));
        continue;
      }
      const auto* end = std::ranges::find_if(rest_, blank);
      const std::string_view term(rest_.begin(), static_cast<size_t>(end - rest_.begin()));
      if (term.size() > 1 && term.front() == '%' && term.back() == '%') return no_regex();
      if (term.find('"') != term.npos) return invalid("a quotation mark within a term");
      into->emplace_back(term);
      rest_.remove_prefix(term.size());
    }
    return {};
  }

  Result<void> parse_json() {
    out_.kind_ = LogPattern::Kind::json;
    if (!take("}")) {
      TRY(out_.root_, parse_any(1));
      if (!take("}")) return invalid("} is missing");
    }
    return at_end();
  }

  Result<void> parse_fields() {
    out_.kind_ = LogPattern::Kind::fields;
    in_fields_ = true;
    if (take("]")) return at_end();
    do {
      if (out_.fields_ >= kPatternTermsMax) return invalid("too many fields");
      if (take("...")) {
        if (out_.ellipsis_at_) return invalid("... may stand once");
        out_.ellipsis_at_ = out_.fields_;
        continue;
      }
      skip_blanks();
      const std::string_view before = rest_;
      field_name_ = take_name();
      if (field_name_.empty()) return invalid("a field's name is missing");
      skip_blanks();
      const bool tested = !rest_.empty() && rest_.front() != ',' && rest_.front() != ']';
      if (tested) {
        rest_ = before;
        TRY(const size_t test, parse_any(1));
        out_.root_ = out_.root_ ? add(Node::Kind::all, *out_.root_, test) : test;
      }
      ++out_.fields_;
    } while (take(","));
    if (!take("]")) return invalid("] is missing");
    return at_end();
  }

  Result<void> at_end() {
    skip_blanks();
    if (!rest_.empty()) return invalid("text behind its end");
    return {};
  }

  size_t add(Node::Kind kind, size_t left, size_t right) {
    Node node;
    node.kind = kind;
    node.left = left;
    node.right = right;
    out_.nodes_.push_back(std::move(node));
    return out_.nodes_.size() - 1;
  }

  Result<size_t> parse_any(unsigned depth) {
    TRY(size_t left, parse_all(depth));
    while (take("||")) {
      TRY(const size_t right, parse_all(depth));
      left = add(Node::Kind::any, left, right);
    }
    return left;
  }

  Result<size_t> parse_all(unsigned depth) {
    TRY(size_t left, parse_one(depth));
    while (take("&&")) {
      TRY(const size_t right, parse_one(depth));
      left = add(Node::Kind::all, left, right);
    }
    return left;
  }

  Result<size_t> parse_one(unsigned depth) {
    if (out_.nodes_.size() > 2 * kPatternTermsMax) return invalid("too many conditions");
    if (take("(")) {
      if (depth >= kPatternDepthMax) return invalid("parentheses are too deep");
      TRY(const size_t inner, parse_any(depth + 1));
      if (!take(")")) return invalid(") is missing");
      return inner;
    }
    Node node;
    if (in_fields_) {
      skip_blanks();
      if (take_name() != field_name_) return invalid("a condition names another field");
      node.field = out_.fields_;
    } else {
      if (!take("$")) return invalid("a path begins with $");
      TRY(node.path, parse_path());
    }
    TRY(parse_test(node));
    out_.nodes_.push_back(std::move(node));
    return out_.nodes_.size() - 1;
  }

  Result<std::vector<Step>> parse_path() {
    std::vector<Step> path;
    while (!rest_.empty() && (rest_.front() == '.' || rest_.front() == '[')) {
      if (path.size() >= kJsonDepthMax) return invalid("a path is too long");
      const bool dot = rest_.front() == '.';
      rest_.remove_prefix(1);
      if (rest_.starts_with('*')) {
        return fail(ErrorKind::unsupported,
                    "Invalid filter pattern: wildcards in paths are not supported");
      }
      Step step;
      if (dot) {
        step.member = take_name();
        if (step.member.empty()) return invalid("a name is missing in a path");
      } else {
        TRY(step, parse_bracket());
      }
      path.push_back(std::move(step));
    }
    if (path.empty()) return invalid("a path names no member");
    return path;
  }

  // Behind "[": 0], 'a name'] or "a name"].
  Result<Step> parse_bracket() {
    Step step;
    for (const char quote : {'\'', '"'}) {
      if (take(std::string_view(&quote, 1))) {
        TRY(step.member, take_quoted(quote));
        if (!take("]")) return invalid("] is missing in a path");
        return step;
      }
    }
    uint64_t index = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), index);
    if (error != std::errc{}) return invalid("an index is missing in a path");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    if (!take("]")) return invalid("] is missing in a path");
    step.index = index;
    return step;
  }

  Result<void> parse_test(Node& node) {
    if (!in_fields_ && take_word("IS")) {
      constexpr std::array<std::pair<std::string_view, Test>, 3> kWords{
          {{"TRUE", Test::is_true}, {"FALSE", Test::is_false}, {"NULL", Test::is_null}}};
      for (const auto& [word, test] : kWords) {
        node.test = test;
        if (take_word(word)) return {};
      }
      return invalid("IS is followed by TRUE, FALSE or NULL");
    }
    if (!in_fields_ && take_word("NOT")) {
      node.test = Test::exists_not;
      if (take_word("EXISTS")) return {};
      return invalid("NOT is followed by EXISTS");
    }
    constexpr std::array<std::pair<std::string_view, Test>, 6> kOperators{
        {{"!=", Test::not_equal},
         {">=", Test::greater_equal},
         {"<=", Test::less_equal},
         {"=", Test::equal},
         {">", Test::greater},
         {"<", Test::less}}};
    for (const auto& [token, test] : kOperators) {
      if (!take(token)) continue;
      node.test = test;
      return parse_value(node);
    }
    return invalid("a comparison is missing");
  }

  Result<void> parse_value(Node& node) {
    skip_blanks();
    if (rest_.starts_with('%')) return no_regex();
    const bool quoted = take("\"");
    if (quoted) {
      TRY(node.text, take_quoted('"'));
    } else {
      constexpr std::string_view kEnds = " \t\r\n(){}[],&|=<>!\"";
      const size_t end = std::min(rest_.find_first_of(kEnds), rest_.size());
      node.text = rest_.substr(0, end);
      rest_.remove_prefix(end);
      if (node.text.empty()) return invalid("a value is missing");
      node.number = number(node.text);
    }
    const bool order = node.test != Test::equal && node.test != Test::not_equal;
    if (order && !node.number) return invalid("<, >, <= and >= compare numbers");
    return {};
  }

  static std::optional<double> number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
  }

  std::string_view rest_;
  LogPattern out_;
  bool in_fields_ = false;
  std::string_view field_name_;  // Whose conditions are parsed.
};

Result<LogPattern> LogPattern::parse(std::string_view text) {
  if (text.size() > kPatternBytesMax || !is_utf8(text)) {
    return fail(ErrorKind::invalid, "Invalid filter pattern: too long, or no UTF-8");
  }
  return PatternParser(text).parse();
}

}  // namespace millrace::metrics
