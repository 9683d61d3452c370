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

// Numbers where they lie. One that is NULL has no bit in `valid`, and no value; nullptr: none is.
struct Numbers {
  enum class Type : uint8_t { f64, f32, i64, i32 };
  const void* values = nullptr;
  const uint64_t* valid = nullptr;
  Type type = Type::f64;
};

// Lists of numbers: by row, which of the items belong to it.
struct NumberLists {
  struct Place {
    uint64_t offset = 0;
    uint64_t length = 0;
  };
  const Place* places = nullptr;
  const uint64_t* valid = nullptr;
  Numbers items;
};

// Some rows, in columns.
class Chunk {
 public:
  virtual ~Chunk() = default;
  virtual size_t rows() const = 0;
  // Text is valid as long as the chunk.
  virtual Value at(size_t column, size_t row) const = 0;
  // Whole columns of DOUBLE, FLOAT, BIGINT and INTEGER, and lists of those, without looking at each
  // cell; null where the column is of another type.
  virtual Numbers numbers(size_t column) const = 0;
  virtual NumberLists number_lists(size_t column) const = 0;
  // What the rows take, about.
  virtual size_t size_bytes() const = 0;
};

}  // namespace millrace::sql
