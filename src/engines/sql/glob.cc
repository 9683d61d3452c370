#include "engines/sql/glob.h"

#include <vector>

namespace millrace::sql {
namespace {

constexpr std::string_view kSigns = "*?[";

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

// Whether the class at the beginning of `pattern` ("[a-z]…") has `c`; `size` is its length, 0
// where it is not closed and '[' stands for itself.
bool class_has(std::string_view pattern, unsigned char c, size_t& size) {
  const bool negated = pattern.size() > 1 && (pattern[1] == '!' || pattern[1] == '^');
  const size_t first = negated ? 2 : 1;
  const size_t end = pattern.find(']', first + 1);
  size = end == std::string_view::npos ? 0 : end + 1;
  bool found = false;
  for (size_t i = first; size != 0 && i < end; ++i) {
    const auto low = static_cast<unsigned char>(pattern[i]);
    auto high = low;
    if (i + 2 < end && pattern[i + 1] == '-') {
      high = static_cast<unsigned char>(pattern[i + 2]);
      i += 2;
    }
    found = found || (low <= c && c <= high);
  }
  return found != negated;
}

// One sign other than '*' against one byte; `taken` is how much of the pattern it was.
bool one_matches(std::string_view pattern, char c, size_t& taken) {
  taken = 1;
  if (pattern.front() == '?') return true;
  if (pattern.front() == '[') {
    size_t size = 0;
    const bool has = class_has(pattern, static_cast<unsigned char>(c), size);
    if (size != 0) {
      taken = size;
      return has;
    }
  }
  return pattern.front() == c;
}

// Remembers the last '*' only: what an earlier one could still take, the later one can as well.
bool part_matches(std::string_view pattern, std::string_view part) {
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0;
  size_t s = 0;
  size_t star = kNone;
  size_t star_end = 0;
  while (s < part.size()) {
    size_t taken = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = s;
    } else if (p < pattern.size() && one_matches(pattern.substr(p), part[s], taken)) {
      p += taken;
      ++s;
    } else if (star != kNone) {
      p = star + 1;
      s = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool has_glob(std::string_view pattern) {
  return pattern.find_first_of(kSigns) != std::string_view::npos;
}

std::string_view fixed_prefix(std::string_view pattern) {
  const size_t sign = pattern.find_first_of(kSigns);
  if (sign == std::string_view::npos) return pattern;
  const size_t slash = pattern.rfind('/', sign);
  return slash == std::string_view::npos ? std::string_view() : pattern.substr(0, slash + 1);
}

bool glob_matches(std::string_view pattern, std::string_view path) {
  const std::vector<std::string_view> wanted = parts_of(pattern);
  const std::vector<std::string_view> parts = parts_of(path);
  // reach[i]: the patterns so far match the first i parts.
  std::vector<bool> reach(parts.size() + 1, false);
  reach[0] = true;
  for (const std::string_view part : wanted) {
    std::vector<bool> next(parts.size() + 1, false);
    if (part == "**") {
      for (size_t i = 0; i <= parts.size(); ++i) next[i] = reach[i] || (i > 0 && next[i - 1]);
    } else {
      for (size_t i = 0; i < parts.size(); ++i) {
        next[i + 1] = reach[i] && part_matches(part, parts[i]);
      }
    }
    reach = std::move(next);
  }
  return reach.back();
}

}  // namespace millrace::sql
