#include "services/s3/inventory/parquet_file.h"

#include <fmt/format.h>

#include "base/result.h"
#include "services/s3/inventory/gzip.h"

namespace millrace::s3 {
namespace {

constexpr std::string_view kMagic = "PAR1";

// The numbers of parquet.thrift.
constexpr int64_t kBoolean = 0, kInt64 = 2, kByteArray = 6;  // Type
constexpr int64_t kUtf8 = 0, kTimestampMillis = 9;           // ConvertedType
constexpr int64_t kRequired = 0, kOptional = 1;              // FieldRepetitionType
constexpr int64_t kPlain = 0, kRle = 3;                      // Encoding
constexpr int64_t kGzip = 2;                                 // CompressionCodec
constexpr int64_t kDataPage = 0;                             // PageType
constexpr int64_t kVersion = 1;

int64_t type_of(ParquetType type) {
  if (type == ParquetType::boolean) return kBoolean;
  return type == ParquetType::text ? kByteArray : kInt64;
}

void append_varint(Bytes& out, uint64_t value) {
  constexpr uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7) out += static_cast<char>(value | kMore);
  out += static_cast<char>(value);
}

template <class Number>
void append_little_endian(Bytes& out, Number value) {
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i));
}

// A struct of Thrift's compact protocol; fields in the order of their ids.
class Struct {
 public:
  explicit Struct(Bytes& out) : out_(out) {}

  void i32(int id, int64_t value) { number(id, 5, value); }
  void i64(int id, int64_t value) { number(id, 6, value); }
  void text(int id, std::string_view value) {
    head(id, kText);
    append_text(value);
  }
  // The caller appends the items behind it, by the functions below.
  void list(int id, int item_type, size_t size) {
    constexpr size_t kShort = 15;
    head(id, 9);
    if (size < kShort) {
      out_ += static_cast<char>(size << 4 | static_cast<unsigned>(item_type));
    } else {
      out_ += static_cast<char>(0xF0 | item_type);
      append_varint(out_, size);
    }
  }
  void begin_struct(int id) { head(id, kStruct); }
  void append_text(std::string_view value) {
    append_varint(out_, value.size());
    out_ += value;
  }
  void append_i32(int64_t value) { append_varint(out_, zigzag(value)); }
  void end() { out_ += '\0'; }

  static constexpr int kI32 = 5, kText = 8, kStruct = 12;

 private:
  static uint64_t zigzag(int64_t value) {
    return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  }
  void head(int id, int type) {
    out_ += static_cast<char>((id - last_) << 4 | type);  // Ids are never 15 apart here.
    last_ = id;
  }
  void number(int id, int type, int64_t value) {
    head(id, type);
    append_varint(out_, zigzag(value));
  }

  Bytes& out_;
  int last_ = 0;
};

void append_element(Bytes& out, const ParquetColumn& column) {
  Struct element(out);
  element.i32(1, type_of(column.type));
  element.i32(3, column.optional ? kOptional : kRequired);
  element.text(4, column.name);
  if (column.type == ParquetType::text) element.i32(6, kUtf8);
  if (column.type == ParquetType::timestamp) element.i32(6, kTimestampMillis);
  element.end();
}

// Which values are there: runs of one bit, behind their length.
Bytes definition_levels(const std::vector<bool>& present) {
  Bytes runs;
  for (size_t begin = 0; begin < present.size();) {
    size_t end = begin;
    while (end < present.size() && present[end] == present[begin]) ++end;
    append_varint(runs, (end - begin) << 1);
    runs += present[begin] ? '\1' : '\0';
    begin = end;
  }
  Bytes out;
  append_little_endian(out, static_cast<uint32_t>(runs.size()));
  return out + runs;
}

std::string_view text_of(ParquetType type) {
  switch (type) {
    case ParquetType::boolean:
      return "boolean {}";
    case ParquetType::int64:
      return "int64 {}";
    case ParquetType::timestamp:
      return "int64 {} (TIMESTAMP_MILLIS)";
    case ParquetType::text:
      return "binary {} (UTF8)";
  }
  return "";
}

}  // namespace

ParquetFile::ParquetFile(std::string name, std::vector<ParquetColumn> columns)
    : name_(std::move(name)), columns_(std::move(columns)), gathered_(columns_.size()) {}

std::string ParquetFile::schema() const {
  std::string out = fmt::format("message {} {{", name_);
  for (const ParquetColumn& column : columns_) {
    out += fmt::format(" {} {};", column.optional ? "optional" : "required",
                       fmt::format(fmt::runtime(text_of(column.type)), column.name));
  }
  return out + " }";
}

void ParquetFile::add_value(const ParquetColumn& column, Gathered& to, const ParquetCell& cell) {
  ++to.count;
  const bool there = !std::holds_alternative<std::monostate>(cell);
  if (column.optional) to.present.push_back(there);
  ASSERT(there || column.optional);
  if (!there) return;
  if (column.type == ParquetType::text) {
    const std::string& text = std::get<std::string>(cell);
    append_little_endian(to.values, static_cast<uint32_t>(text.size()));
    to.values += text;
  } else if (column.type == ParquetType::int64) {
    append_little_endian(to.values, std::get<int64_t>(cell));
  } else if (column.type == ParquetType::timestamp) {
    const auto since = std::chrono::floor<milliseconds>(std::get<Time>(cell)).time_since_epoch();
    append_little_endian(to.values, static_cast<int64_t>(since.count()));
  } else {
    constexpr unsigned kByteBits = 8;
    to.bits = static_cast<uint8_t>(to.bits | unsigned{std::get<bool>(cell)} << to.bit_count);
    if (++to.bit_count < kByteBits) return;
    to.values += static_cast<char>(to.bits);
    to.bits = 0;
    to.bit_count = 0;
  }
}

void ParquetFile::add_row(const std::vector<ParquetCell>& cells) {
  ASSERT(cells.size() == columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) add_value(columns_[i], gathered_[i], cells[i]);
  ++rows_;
}

void ParquetFile::append_page(const ParquetColumn& column, Gathered& from, Bytes& out,
                              Chunk& chunk) {
  if (from.bit_count != 0) from.values += static_cast<char>(from.bits);
  Bytes plain = column.optional ? definition_levels(from.present) : Bytes();
  plain += from.values;
  const Bytes packed = gzip(plain);
  Bytes header;
  Struct page(header);
  page.i32(1, kDataPage);
  page.i32(2, static_cast<int64_t>(plain.size()));
  page.i32(3, static_cast<int64_t>(packed.size()));
  page.begin_struct(5);
  Struct data(header);
  data.i32(1, static_cast<int64_t>(from.count));
  data.i32(2, kPlain);
  data.i32(3, kRle);
  data.i32(4, kRle);
  data.end();
  page.end();
  chunk.offset = offset_ + out.size();
  chunk.plain_bytes = header.size() + plain.size();
  chunk.packed_bytes = header.size() + packed.size();
  out += header;
  out += packed;
}

Bytes ParquetFile::take_rows() {
  Bytes out;
  if (offset_ == 0) out += kMagic;
  if (rows_ != 0) {
    Group group{rows_, {}};
    for (size_t i = 0; i < columns_.size(); ++i) {
      append_page(columns_[i], gathered_[i], out, group.chunks.emplace_back());
    }
    groups_.push_back(std::move(group));
    gathered_.assign(columns_.size(), Gathered());
    rows_ = 0;
  }
  offset_ += out.size();
  return out;
}

void ParquetFile::append_schema(Bytes& out) const {
  Struct root(out);
  root.text(4, name_);
  root.i32(5, static_cast<int64_t>(columns_.size()));
  root.end();
  for (const ParquetColumn& column : columns_) append_element(out, column);
}

void ParquetFile::append_group(const Group& group, Bytes& out) const {
  uint64_t bytes = 0;
  Struct row_group(out);
  row_group.list(1, Struct::kStruct, columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Chunk& chunk = group.chunks[i];
    bytes += chunk.plain_bytes;
    Struct column(out);
    column.i64(2, static_cast<int64_t>(chunk.offset));
    column.begin_struct(3);
    Struct data(out);
    data.i32(1, type_of(columns_[i].type));
    data.list(2, Struct::kI32, 2);
    data.append_i32(kPlain);
    data.append_i32(kRle);
    data.list(3, Struct::kText, 1);
    data.append_text(columns_[i].name);
    data.i32(4, kGzip);
    data.i64(5, static_cast<int64_t>(group.rows));
    data.i64(6, static_cast<int64_t>(chunk.plain_bytes));
    data.i64(7, static_cast<int64_t>(chunk.packed_bytes));
    data.i64(9, static_cast<int64_t>(chunk.offset));
    data.end();
    column.end();
  }
  row_group.i64(2, static_cast<int64_t>(bytes));
  row_group.i64(3, static_cast<int64_t>(group.rows));
  row_group.end();
}

Bytes ParquetFile::finish() {
  const Bytes rest = take_rows();
  Bytes end;
  uint64_t rows = 0;
  for (const Group& group : groups_) rows += group.rows;
  Struct file(end);
  file.i32(1, kVersion);
  file.list(2, Struct::kStruct, columns_.size() + 1);
  append_schema(end);
  file.i64(3, static_cast<int64_t>(rows));
  file.list(4, Struct::kStruct, groups_.size());
  for (const Group& group : groups_) append_group(group, end);
  file.text(6, "millrace");
  file.end();
  append_little_endian(end, static_cast<uint32_t>(end.size()));
  return rest + end + std::string(kMagic);
}

}  // namespace millrace::s3
