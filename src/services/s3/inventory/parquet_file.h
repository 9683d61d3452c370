// A file of Parquet, made piece by piece: flat columns, plain values, pages packed by gzip.
//
// A value type; one thread at a time. Memory: the rows since take_rows(), and some hundred bytes
// for each group of rows. Limits: kParquetGroupRows a group.
// Source: Apache Parquet, "File Format" and parquet.thrift (Thrift's compact protocol).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace millrace::s3 {

// What the caller should let gather before it takes rows.
inline constexpr size_t kParquetGroupRows = 32'768;

enum class ParquetType { boolean, int64, timestamp, text };

struct ParquetColumn {
  std::string name;
  ParquetType type = ParquetType::text;
  bool optional = false;
};

// What a row has in a column; nothing only where it is optional.
using ParquetCell = std::variant<std::monostate, bool, int64_t, Time, std::string>;

class ParquetFile final {
 public:
  ParquetFile(std::string name, std::vector<ParquetColumn> columns);

  // As a text: "message NAME { required binary bucket (UTF8); … }".
  std::string schema() const;

  // A cell of its type for each column, in their order.
  void add_row(const std::vector<ParquetCell>& cells);
  size_t rows() const { return rows_; }  // Since the last take_rows().

  // What is next in the file: a group of the rows that were added, nothing where there are none.
  Bytes take_rows();
  // The end of the file, behind the last rows.
  Bytes finish();

 private:
  struct Gathered {
    Bytes values;
    std::vector<bool> present;  // Of an optional column.
    uint8_t bits = 0;           // Booleans that fill no byte yet…
    unsigned bit_count = 0;     // …and how many they are.
    size_t count = 0;
  };
  struct Chunk {
    uint64_t offset = 0;
    uint64_t plain_bytes = 0;
    uint64_t packed_bytes = 0;
  };
  struct Group {
    uint64_t rows = 0;
    std::vector<Chunk> chunks;
  };

  void add_value(const ParquetColumn& column, Gathered& to, const ParquetCell& cell);
  void append_schema(Bytes& out) const;
  void append_group(const Group& group, Bytes& out) const;
  void append_page(const ParquetColumn& column, Gathered& from, Bytes& out, Chunk& chunk);

  std::string name_;
  std::vector<ParquetColumn> columns_;
  std::vector<Gathered> gathered_;
  std::vector<Group> groups_;
  size_t rows_ = 0;
  uint64_t offset_ = 0;  // Of the next byte in the file.
};

}  // namespace millrace::s3
