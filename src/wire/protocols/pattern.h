// Pattern: a regular expression of the model (Java's syntax) over whole texts,
// by PCRE2.
//
// Immutable once compiled; matches on any thread. Limits: kPatternSteps,
// kPatternHeapKib.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace millrace::wire {

// What one match after another works in; for one thread at a time.
class PatternScratch final {
 public:
  PatternScratch();
  ~PatternScratch();
  PatternScratch(const PatternScratch&) = delete;
  PatternScratch& operator=(const PatternScratch&) = delete;

 private:
  friend class Pattern;
  void* context_;  // pcre2_match_context
  void* data_;     // pcre2_match_data
};

class Pattern final {
 public:
  // A pattern that PCRE2 does not take matches everything.
  explicit Pattern(std::string_view java);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool is_enforced() const { return code_ != nullptr; }
  // True where all of `text` matches. False also where a limit ends the search.
  bool matches(std::string_view text, PatternScratch& scratch) const;
  bool matches(std::string_view text) const;

 private:
  void* code_ = nullptr;  // pcre2_code
};

// Java's \uXXXX (pairs of surrogates are one character) as PCRE2's \x{…}.
std::string to_pcre(std::string_view java);

}  // namespace millrace::wire
