// Lists in one header: items between commas, quoted where they hold commas or
// quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace millrace::wire {

class HeaderList final {
 public:
  // `dates`: every item is an HTTP date, which has a comma of its own.
  HeaderList(std::string_view text, bool dates) : text_(text), dates_(dates) {}

  // The next item, unquoted; nothing at the end. Borrows from the text or the
  // arena.
  std::optional<std::string_view> next(Arena& arena);
  // True where a quote is not closed or something follows it.
  bool malformed() const { return malformed_; }

 private:
  std::optional<std::string_view> next_quoted(Arena& arena);

  std::string_view text_;
  bool dates_;
  bool malformed_ = false;
};

// Quoted where it needs to be.
std::string quote_header_item(std::string_view text);

}  // namespace millrace::wire
