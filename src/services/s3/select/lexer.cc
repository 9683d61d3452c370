#include "services/s3/select/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "services/s3/select/problems.h"

namespace millrace::s3::select {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$';
}

class Lexer final {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip_blanks();
      const size_t position = at_;
      if (at_ == text_.size()) {
        tokens.push_back({TokenKind::end, "", position});
        return tokens;
      }
      TRY(Token token, next());
      token.position = position;
      tokens.push_back(std::move(token));
    }
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_blanks() {
    for (;;) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
      if (text_.substr(at_).starts_with("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  std::unexpected<Error> invalid(std::string_view code, size_t position) const {
    const Error known = select_error(code);
    return fail(
        select_error(code, fmt::format("{} At {}.", known.message, place_of(text_, position))));
  }

  // What stands between two `quote`s, where a doubled one stands for itself.
  Result<Token> quoted(TokenKind kind, char quote, std::string_view code) {
    const size_t begin = at_++;
    Token token{kind, "", begin};
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        if (peek(1) != quote) {
          ++at_;
          return token;
        }
        ++at_;
      }
      if (text_[at_] == '\0') break;
      token.text += text_[at_];
    }
    return invalid(code, begin);
  }

  Token number() {
    const size_t begin = at_;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(sign))) {
      at_ += sign;
      while (is_digit(peek())) ++at_;
    }
    return {TokenKind::number, std::string(text_.substr(begin, at_ - begin)), begin};
  }

  Result<Token> next() {
    const char c = text_[at_];
    if (c == '\'') return quoted(TokenKind::text, c, "LexerInvalidLiteral");
    if (c == '"') return quoted(TokenKind::quoted_name, c, "LexerInvalidLiteral");
    if (c == '`') return quoted(TokenKind::ion, c, "LexerInvalidIONLiteral");
    if (is_digit(c)) return number();
    if (is_word(c)) {
      const size_t begin = at_;
      while (is_word(peek())) ++at_;
      return Token{TokenKind::word, std::string(text_.substr(begin, at_ - begin)), begin};
    }
    constexpr std::array<std::string_view, 5> kPairs = {"<=", ">=", "<>", "!=", "||"};
    for (const std::string_view pair : kPairs) {
      if (!text_.substr(at_).starts_with(pair)) continue;
      at_ += pair.size();
      return Token{TokenKind::sign, std::string(pair), 0};
    }
    if (!std::string_view("=<>+-*/%(),.[]").contains(c)) return invalid("LexerInvalidChar", at_);
    ++at_;
    return Token{TokenKind::sign, std::string(1, c), 0};
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokens_of(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) return fail(select_error("ExpressionTooLong"));
  if (!is_utf8(expression)) return fail(select_error("InvalidTextEncoding"));
  return Lexer(expression).run();
}

}  // namespace millrace::s3::select
