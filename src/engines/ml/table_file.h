// Files that hold columns, not records, as somebody else reads them: the engine declares what it
// needs of Parquet, and the application passes a reader (parquet_examples.h makes examples of it).
//
// Not thread-safe; a piece is valid until the next one is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::ml {

struct TableColumn {
  enum class Kind : uint8_t { number, numbers, other };  // `numbers`: a list of them in each row.
  std::string name;
  std::string type;  // As an error shows it.
  Kind kind = Kind::other;
};

// Numbers as they are stored, some of which may be missing.
struct Numbers {
  enum class Type : uint8_t { f64, f32, i64, i32 };
  const void* values = nullptr;
  const uint64_t* valid = nullptr;  // A bit for each that is there; nullptr: all are.
  Type type = Type::f64;

  bool has(size_t at) const { return valid == nullptr || (valid[at / 64] >> (at % 64) & 1) != 0; }
  double at(size_t place) const {
    switch (type) {
      case Type::f32:
        return static_cast<const float*>(values)[place];
      case Type::i64:
        return static_cast<double>(static_cast<const int64_t*>(values)[place]);
      case Type::i32:
        return static_cast<const int32_t*>(values)[place];
      default:
        return static_cast<const double*>(values)[place];
    }
  }
};

struct NumberLists {
  struct Place {
    uint64_t offset = 0;
    uint64_t length = 0;
  };
  const Place* places = nullptr;    // By row: which of `items`.
  const uint64_t* valid = nullptr;  // As of Numbers, by row.
  Numbers items;

  bool has(size_t row) const {
    return valid == nullptr || (valid[row / 64] >> (row % 64) & 1) != 0;
  }
};

// Some rows.
class TablePiece {
 public:
  virtual ~TablePiece() = default;
  virtual size_t rows() const = 0;
  virtual Numbers numbers(size_t column) const = 0;    // Of a column of that kind.
  virtual NumberLists lists(size_t column) const = 0;  // Likewise.
};

class TableFile {
 public:
  virtual ~TableFile() = default;
  virtual const std::vector<TableColumn>& columns() const = 0;
  // The next rows in the order of the file; nullptr at the end. Errors: invalid (damaged), others.
  virtual Result<const TablePiece*> next() = 0;
};

// Thread-safe.
class TableFiles {
 public:
  virtual ~TableFiles() = default;
  // Errors: invalid (not a file of that format), unsupported (the reader is not installed).
  virtual Result<std::unique_ptr<TableFile>> open(const runtime::Path& path) = 0;
};

}  // namespace millrace::ml
