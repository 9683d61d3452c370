#include "engines/policy/pattern.h"

#include <algorithm>

namespace millrace::policy {
namespace {

constexpr int kArnParts = 6;

void append_literally(Pattern& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<unsigned char>(c));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Appends what `${inside}` stands for. False where nothing is known of it.
bool append_variable(Pattern& out, std::string_view inside, const Context& context) {
  if (inside == "*" || inside == "?" || inside == "$") {
    append_literally(out, inside);
    return true;
  }
  const size_t comma = inside.find(',');
  if (const std::string* value = context.single(trimmed(inside.substr(0, comma)))) {
    append_literally(out, *value);
    return true;
  }
  if (comma == std::string_view::npos) return false;
  const std::string_view otherwise = trimmed(inside.substr(comma + 1));
  if (otherwise.size() < 2 || otherwise.front() != '\'' || otherwise.back() != '\'') return false;
  append_literally(out, otherwise.substr(1, otherwise.size() - 2));
  return true;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Where the character at `at` ends.
size_t after_character(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && is_continuation(text[at])) ++at;
  return at;
}

// One star is remembered at a time: what an earlier one could still take, a later one can too.
template <class Same>
bool match(const Pattern& pattern, std::string_view text, const Same& same) {
  size_t p = 0;
  size_t t = 0;
  size_t star = Pattern::npos;
  size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == kAnyRun) {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == kAnyOne) {
      ++p;
      t = after_character(text, t);
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (star != Pattern::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == kAnyRun) ++p;
  return p == pattern.size();
}

// The part up to the next colon; the last one has the rest.
template <class Text>
Text take_part(Text& rest, bool last) {
  const size_t colon = last ? Text::npos : rest.find(':');
  Text part = rest.substr(0, colon);
  rest = colon == Text::npos ? Text() : rest.substr(colon + 1);
  return part;
}

}  // namespace

std::optional<Pattern> make_pattern(std::string_view text, const Context& context,
                                    PatternRules rules) {
  Pattern out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (rules.variables && c == '$' && text.substr(at).starts_with("${")) {
      const size_t end = text.find('}', at);
      if (end == std::string_view::npos) return std::nullopt;
      if (!append_variable(out, text.substr(at + 2, end - at - 2), context)) return std::nullopt;
      at = end;
    } else if (rules.wildcards && c == '*') {
      out.push_back(kAnyRun);
    } else if (rules.wildcards && c == '?') {
      out.push_back(kAnyOne);
    } else {
      out.push_back(static_cast<unsigned char>(c));
    }
  }
  return out;
}

bool matches(const Pattern& pattern, std::string_view text) {
  return match(pattern, text,
               [](char16_t p, char t) { return p == static_cast<unsigned char>(t); });
}

bool matches_folded(std::string_view pattern, std::string_view text) {
  const std::optional<Pattern> made = make_pattern(folded(pattern), {}, {.variables = false});
  return matches(*made, folded(text));
}

bool matches_arn(const Pattern& pattern, std::string_view arn) {
  std::basic_string_view<char16_t> wanted = pattern;
  if (std::ranges::count(arn, ':') < kArnParts - 1) return false;
  if (wanted == std::basic_string_view<char16_t>(&kAnyRun, 1)) return true;
  if (std::ranges::count(wanted, u':') < kArnParts - 1) return false;
  for (int part = 0; part < kArnParts; ++part) {
    const bool last = part == kArnParts - 1;
    const Pattern of_part(take_part(wanted, last));
    if (!matches(of_part, take_part(arn, last))) return false;
  }
  return true;
}

}  // namespace millrace::policy
