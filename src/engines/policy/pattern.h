// Pattern: a text of a policy with its wildcards and variables, and what it matches.
//
// `*` is any run of characters, `?` one character (of UTF-8). A variable, ${aws:username} or
// ${aws:PrincipalTag/team, 'none'}, stands for what the context knows, taken literally: a `*` in
// its value is a star. ${*}, ${?} and ${$} are those characters. Pure; any thread.
// Source: IAM User Guide, "IAM policy elements: Variables and tags", "Resource".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engines/policy/context.h"

namespace millrace::policy {

// Bytes, and the two wildcards above them.
using Pattern = std::basic_string<char16_t>;
inline constexpr char16_t kAnyRun = 0x100;
inline constexpr char16_t kAnyOne = 0x101;

struct PatternRules {
  bool wildcards = true;
  bool variables = true;  // Of documents of version 2012-10-17.
};

// Nothing where a variable has neither a single value nor a default: it then matches no text.
std::optional<Pattern> make_pattern(std::string_view text, const Context& context,
                                    PatternRules rules);

bool matches(const Pattern& pattern, std::string_view text);
// Without regard to the case of ASCII letters; `pattern` is without variables.
bool matches_folded(std::string_view pattern, std::string_view text);

// Both ARNs, part by part: a wildcard stays in its part, but in the last one.
bool matches_arn(const Pattern& pattern, std::string_view arn);

}  // namespace millrace::policy
