// The tokens of an S3 Select expression. Pure.
// Source: S3 User Guide, "SQL reference for Amazon S3 Select".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::s3::select {

inline constexpr size_t kExpressionBytesMax = 256 * 1024;

enum class TokenKind : uint8_t {
  word,         // A keyword or a name, as written.
  quoted_name,  // "name", without the quotes.
  text,         // 'text', without the quotes.
  number,       // 12, 1.5, 1e3
  ion,          // `2010-01-01T`, without the quotes.
  sign,         // Operators, brackets, commas, the star, the dot.
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  size_t position = 0;  // Of its first byte.
};

// The last token is `end`. Errors: ExpressionTooLong, LexerInvalidChar, LexerInvalidLiteral,
// LexerInvalidIONLiteral, InvalidTextEncoding.
Result<std::vector<Token>> tokens_of(std::string_view expression);

}  // namespace millrace::s3::select
