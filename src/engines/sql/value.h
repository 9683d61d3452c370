// What a query answers: columns, and chunks of rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace millrace::sql {

struct Column {
  std::string name;
  std::string type;  // As SQL writes it: BIGINT, DECIMAL(18,3), STRUCT(a INTEGER).
};

// NULL, a boolean, a whole number, a floating one, or text. Types that are none of these (dates,
// decimals, lists, …) come as SQL writes them.
using Value = std::variant<std::monostate, bool, int64_t, double, std::string_view>;

// Some rows, in columns.
class Chunk {
 public:
  virtual ~Chunk() = default;
  virtual size_t rows() const = 0;
  // Text is valid as long as the chunk.
  virtual Value at(size_t column, size_t row) const = 0;
  // What the rows take, about.
  virtual size_t size_bytes() const = 0;
};

}  // namespace millrace::sql
