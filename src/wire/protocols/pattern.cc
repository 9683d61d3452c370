#define PCRE2_CODE_UNIT_WIDTH 8
#include "wire/protocols/pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "wire/protocols/limits.h"

namespace millrace::wire {
namespace {

// The code unit of "\uXXXX" at the front of `text`.
std::optional<unsigned> unit_at(std::string_view text) {
  constexpr size_t kLength = 6;
  if (text.size() < kLength || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + kLength, code, 16);
  if (error != std::errc() || end != text.data() + kLength) return std::nullopt;
  return code;
}

bool is_high(unsigned code) { return code >= 0xD800 && code <= 0xDBFF; }
bool is_low(unsigned code) { return code >= 0xDC00 && code <= 0xDFFF; }

// Java's names of POSIX classes, and PCRE2's.
constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
    {"\\p{Alnum}", "[:alnum:]"}, {"\\p{Alpha}", "[:alpha:]"}, {"\\p{Blank}", "[:blank:]"},
    {"\\p{Cntrl}", "[:cntrl:]"}, {"\\p{Digit}", "[:digit:]"}, {"\\p{Graph}", "[:graph:]"},
    {"\\p{Lower}", "[:lower:]"}, {"\\p{Print}", "[:print:]"}, {"\\p{Punct}", "[:punct:]"},
    {"\\p{Space}", "[:space:]"}, {"\\p{Upper}", "[:upper:]"}, {"\\p{XDigit}", "[:xdigit:]"},
    {"\\p{ASCII}", "[:ascii:]"},
};
// AWS: several models mean all letters beyond U+FFFF by this.
constexpr std::string_view kAllPairs = "\\uD800\\uDBFF-\\uDC00\\uDFFF";

// One walk over a Java pattern. What both dialects share is copied.
class Translation {
 public:
  explicit Translation(std::string_view java) : rest_(java) {}

  std::string run() {
    while (!rest_.empty()) {
      if (rest_.starts_with(kAllPairs)) {
        out_ += "\\x{10000}-\\x{10FFFF}";
        rest_.remove_prefix(kAllPairs.size());
      } else if (const auto unit = unit_at(rest_)) {
        letter(*unit);
      } else if (rest_.front() == '\\') {
        escape();
      } else {
        plain(rest_.front());
      }
    }
    return std::move(out_);
  }

 private:
  void letter(unsigned unit) {
    rest_.remove_prefix(6);
    const auto low = unit_at(rest_);
    if (is_high(unit) && low && is_low(*low)) {
      rest_.remove_prefix(6);
      unit = 0x10000 + ((unit - 0xD800) << 10) + (*low - 0xDC00);
    }
    out_ += fmt::format("\\x{{{:X}}}", unit);
  }

  void escape() {
    for (const auto& [name, posix] : kClasses) {
      if (!rest_.starts_with(name)) continue;
      out_ += in_class_ ? std::string(posix) : fmt::format("[{}]", posix);
      rest_.remove_prefix(name.size());
      return hyphen();
    }
    const bool is_set = rest_.size() > 1 && (rest_[1] == 'w' || rest_[1] == 'd' || rest_[1] == 's');
    const bool is_property = rest_.starts_with("\\p{") && rest_.find('}') != std::string_view::npos;
    const size_t length = is_property ? rest_.find('}') + 1 : rest_.size() > 1 ? 2 : 1;
    out_ += rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (is_set || is_property) hyphen();
  }

  // After a set a hyphen stands for itself in Java; PCRE2 takes it for a bad range.
  void hyphen() {
    if (!in_class_ || rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') return;
    out_ += "\\-";
    rest_.remove_prefix(1);
  }

  void plain(char c) {
    rest_.remove_prefix(1);
    out_ += c;
    if (c == '[' && !in_class_) {
      in_class_ = true;
    } else if (c == ']') {
      in_class_ = false;
    } else if (c == '$' && !in_class_ && rest_.starts_with('{')) {
      rest_.remove_prefix(std::min(rest_.find('}'), rest_.size() - 1) + 1);  // Repeats nothing.
    }
  }

  std::string_view rest_;
  std::string out_;
  bool in_class_ = false;
};

}  // namespace

std::string to_pcre(std::string_view java) { return Translation(java).run(); }

Pattern::Pattern(std::string_view java) {
  const std::string pattern = to_pcre(java);
  int error = 0;
  PCRE2_SIZE at = 0;
  // Java's '.' stops at a carriage return, too.
  pcre2_compile_context* const context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
  pcre2_code* const code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &error, &at, context);
  pcre2_compile_context_free(context);
  if (code != nullptr) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  code_ = code;
}

Pattern::~Pattern() { pcre2_code_free(static_cast<pcre2_code*>(code_)); }

PatternScratch::PatternScratch()
    : context_(pcre2_match_context_create(nullptr)), data_(pcre2_match_data_create(1, nullptr)) {
  auto* const context = static_cast<pcre2_match_context*>(context_);
  pcre2_set_match_limit(context, limits::kPatternSteps);
  pcre2_set_heap_limit(context, limits::kPatternHeapKib);
}

PatternScratch::~PatternScratch() {
  pcre2_match_data_free(static_cast<pcre2_match_data*>(data_));
  pcre2_match_context_free(static_cast<pcre2_match_context*>(context_));
}

bool Pattern::matches(std::string_view text) const {
  PatternScratch scratch;
  return matches(text, scratch);
}

bool Pattern::matches(std::string_view text, PatternScratch& scratch) const {
  if (code_ == nullptr) return true;
  const auto* const code = static_cast<const pcre2_code*>(code_);
  const auto* const subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  auto* const data = static_cast<pcre2_match_data*>(scratch.data_);
  auto* const context = static_cast<pcre2_match_context*>(scratch.context_);
  int found = pcre2_match(code, subject, text.size(), 0, 0, data, context);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    found = pcre2_match(code, subject, text.size(), 0, PCRE2_NO_JIT, data, context);
  }
  return found >= 0;
}

}  // namespace millrace::wire
