// LogPattern: which lines a reader wants, in the syntax of CloudWatch Logs' filter patterns (the
// page "Filter pattern syntax for metric filters, subscription filters, filter log events").
//
//   ERROR "not found" -debug      all terms, none of the excluded ones
//   ?ERROR ?WARN                  any of the terms (ignored beside a term that must be there)
//   { $.status = 4* && ($.user.id > 5 || $.tags[0] IS NULL) }   a line that is JSON
//   [ip, user, ..., status = 4*, bytes > 1000]                  a line of fields
//
// Terms are found anywhere in the line, with their case. Values may hold `*`. Not supported, and
// refused by name: regular expressions (%…%) and wildcards in JSON paths.
//
// A value; matching is thread-safe. Errors of parse(): invalid, unsupported. Limits: limits.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::metrics {

namespace pattern {

struct Step {  // Of a path: a member's name or an item's index.
  std::string member;
  std::optional<uint64_t> index;
};

enum class Test : uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  is_true,
  is_false,
  is_null,
  exists_not,
};

// A node of the expression, by index into LogPattern's nodes.
struct Node {
  enum class Kind : uint8_t { all, any, test } kind = Kind::test;
  size_t left = 0, right = 0;  // all, any
  std::vector<Step> path;      // test, of JSON
  size_t field = 0;            // test, of fields: its place in the pattern
  Test test = Test::equal;
  std::string text;              // What it is compared with; may hold `*`.
  std::optional<double> number;  // The same as a number.
};

}  // namespace pattern

class LogPattern {
 public:
  static Result<LogPattern> parse(std::string_view text);
  bool matches(std::string_view line) const;

 private:
  friend class PatternParser;
  enum class Kind : uint8_t { terms, json, fields };

  bool matches_terms(std::string_view line) const;
  bool matches_json(std::string_view line) const;
  bool matches_fields(std::string_view line) const;

  Kind kind_ = Kind::terms;
  std::vector<std::string> required_, excluded_, optional_;
  std::vector<pattern::Node> nodes_;
  std::optional<size_t> root_;         // Of the expression; none: every line of that form.
  size_t fields_ = 0;                  // Named in the pattern.
  std::optional<size_t> ellipsis_at_;  // How many of them stand before `...`.
};

}  // namespace millrace::metrics
