#include "wire/protocols/header_lists.h"

namespace millrace::wire {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string_view> HeaderList::next(Arena& arena) {
  text_ = trim(text_);
  if (text_.empty() || malformed_) return std::nullopt;
  if (text_.front() == '"') return next_quoted(arena);
  size_t comma = text_.find(',');
  if (dates_ && comma != std::string_view::npos) comma = text_.find(',', comma + 1);
  const std::string_view item = trim(text_.substr(0, comma));
  text_ = comma == std::string_view::npos ? std::string_view() : text_.substr(comma + 1);
  return item;
}

std::optional<std::string_view> HeaderList::next_quoted(Arena& arena) {
  std::string item;
  size_t i = 1;
  while (i < text_.size() && text_[i] != '"') {
    if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
    item += text_[i++];
  }
  malformed_ = i >= text_.size();
  if (malformed_) return std::nullopt;
  text_ = trim(text_.substr(i + 1));
  malformed_ = !text_.empty() && text_.front() != ',';
  if (malformed_) return std::nullopt;
  if (!text_.empty()) text_.remove_prefix(1);
  return arena.copy(item);
}

std::string quote_header_item(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"") == std::string_view::npos) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace millrace::wire
