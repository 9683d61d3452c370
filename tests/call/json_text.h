// JSON as text: where it ends, what it contains, and the variables in it.
//
// Pure; any thread. Errors: invalid (no JSON, no such member, no such variable).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::call_tests {

// Name to JSON text.
using Variables = std::map<std::string, std::string>;

// How many characters the object at the beginning of `text` takes.
Result<size_t> object_length(std::string_view text);
// The members of an object, each as JSON text.
Result<Variables> members_of(std::string_view object);
// Whether `text` is one JSON value.
Result<void> check_json(std::string_view text);
// The same, and the patterns in it can be compiled.
Result<void> check_expected(std::string_view text);
// A regular expression between slashes. Answers what is between them.
Result<std::string> check_pattern(std::string_view text);
// Whether `pattern` is found in `text`.
bool found_in(const std::string& pattern, const std::string& text);

// `.A.B[0]["any key"]`; `.` is the whole.
Result<void> check_path(std::string_view path);
Result<std::string> member_at(std::string_view json, std::string_view path);

// Every `$name` and `${name}` in strings of `json`; `$$` is a dollar.
Result<std::set<std::string>> variables_in(std::string_view json);
// `"$name"` becomes the variable's value, `${name}` inside a text its text.
Result<std::string> substitute(std::string_view json, const Variables& variables);
// The same for expectations: what a variable holds is never taken for a pattern.
Result<std::string> substitute_expected(std::string_view json, const Variables& variables);

// Nothing where `got` contains `expected`; else where they differ and how:
//   an object   has these members, and may have more; null: has no such member
//   a list      has these items, in order, and no others; a last "..." admits more.
//               [] also matches a member that is absent: not every protocol can tell
//   "*"         any value but null
//   "/…/"       a text (or number) in which the pattern is found
//   "=…"        exactly the text behind '='
//   all else    equals; 1 and 1.0 are the same number
std::optional<std::string> mismatch(std::string_view expected, std::string_view got);

// At most `size_max` bytes of `text`, for messages.
std::string shortened(std::string_view text, size_t size_max = 400);

}  // namespace millrace::call_tests
