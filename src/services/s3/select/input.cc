#include "services/s3/select/input.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "services/s3/errors.h"
#include "services/s3/select/problems.h"

namespace millrace::s3::select {
namespace {

constexpr size_t kBlockBytes = 64 * 1024;
constexpr const char* kNoText = "\x1A\x02";  // What stands for NULL: no text does.

Error invalid_parameter(std::string_view name) {
  return select_error("InvalidRequestParameter",
                      fmt::format("The value of {} is not valid. Check the service API "
                                  "documentation and try again.",
                                  name));
}

Result<void> take_character(std::string& out, std::string_view name, bool given,
                            std::string_view value) {
  if (!given) return {};
  if (value.size() > 1) return fail(invalid_parameter(name));
  out = value;
  return {};
}

bool ends_line(std::string_view delimiter) {
  return delimiter == "\n" || delimiter == "\r\n" || delimiter == "\r";
}

Result<Dialect> read_csv(const api::CSVInput& in) {
  Dialect out;
  const std::string_view header = in.file_header_info("NONE");
  out.use_header = header == "USE";
  out.header = out.use_header || header == "IGNORE";
  TRY(take_character(out.quote, "QuoteCharacter", in.has_quote_character(), in.quote_character()));
  TRY(take_character(out.escape, "QuoteEscapeCharacter", in.has_quote_escape_character(),
                     in.quote_escape_character()));
  TRY(take_character(out.comment, "Comments", in.has_comments(), in.comments()));
  if (in.has_field_delimiter()) out.field_delimiter = in.field_delimiter();
  if (in.has_record_delimiter()) out.record_delimiter = in.record_delimiter();
  if (out.field_delimiter.empty() || out.field_delimiter.size() > 4) {
    return fail(invalid_parameter("FieldDelimiter"));
  }
  if (out.record_delimiter.empty() || out.record_delimiter.size() > 2) {
    return fail(invalid_parameter("RecordDelimiter"));
  }
  if (!ends_line(out.record_delimiter) && out.record_delimiter.size() != 1) {
    return fail(not_implemented("A RecordDelimiter of two characters other than \\r\\n"));
  }
  const bool distinct = !out.field_delimiter.contains(out.record_delimiter.back()) &&
                        out.field_delimiter != out.quote && out.record_delimiter != out.quote;
  if (!distinct) return fail(invalid_parameter("FieldDelimiter"));
  return out;
}

Result<void> read_range(Input& out, const api::ScanRange& in, uint64_t size) {
  if (!in.has_start() && !in.has_end()) return fail(select_error("InvalidScanRange"));
  if (in.start() < 0 || in.end() < 0) return fail(select_error("InvalidScanRange"));
  if (out.gzip || (out.format == Format::json && !out.lines)) {
    return fail(select_error("UnsupportedScanRangeInput"));
  }
  if (out.format == Format::parquet)
    return fail(not_implemented("A ScanRange of a Parquet object"));
  out.ranged = true;
  out.last = size - std::min<uint64_t>(size, 1);
  if (in.has_start()) {
    out.first = static_cast<uint64_t>(in.start());
    if (in.has_end()) out.last = std::min(out.last, static_cast<uint64_t>(in.end()));
    if (in.has_end() && in.end() < in.start()) return fail(select_error("InvalidScanRange"));
  } else {
    // AWS: without a start, the end counts from the end of the object.
    out.first = size - std::min(size, static_cast<uint64_t>(in.end()));
  }
  if (out.first > size) return fail(select_error("InvalidScanRange"));
  return {};
}

// The place behind the first record that ends at `from` or later.
Task<uint64_t> record_after(std::shared_ptr<objects::Reader> reader, uint64_t from, char end) {
  uint64_t at = from;
  while (at < reader->size()) {
    CO_TRY(const Bytes block, co_await reader->read_at(at, kBlockBytes));
    const size_t found = block.find(end);
    if (found != Bytes::npos) co_return at + found + 1;
    at += block.size();
    if (at - from > kRecordBytesMax + kBlockBytes) {
      co_return fail(select_error("OverMaxRecordSize"));
    }
  }
  co_return reader->size();
}

Result<Bytes> inflated(BytesView bytes, size_t size_max) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzip) != Z_OK) {
    return fail(ErrorKind::exhausted, "no memory to decompress");
  }
  Bytes out(size_max, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  const bool good = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
  if (!good) return fail(select_error("InvalidCompressionFormat"));
  return out;
}

}  // namespace

Result<Input> read_input(const SelectObjectContentRequest& in, uint64_t object_size) {
  const api::InputSerialization given = in.input_serialization();
  Input out;
  const int formats = given.has_csv() + given.has_json() + given.has_parquet();
  if (formats == 0) return fail(select_error("MissingRequiredParameter"));
  if (formats > 1) return fail(select_error("ObjectSerializationConflict"));
  const std::string_view compression = given.compression_type("NONE");
  if (compression == "BZIP2") return fail(not_implemented("CompressionType BZIP2"));
  out.gzip = compression == "GZIP";
  if (given.has_csv()) {
    TRY(out.csv, read_csv(given.csv()));
  } else if (given.has_json()) {
    out.format = Format::json;
    const std::string_view type = given.json().type();
    if (type.empty()) return fail(select_error("MissingRequiredParameter"));
    out.lines = type == "LINES";
  } else {
    out.format = Format::parquet;
    if (out.gzip) return fail(invalid_parameter("CompressionType"));
  }
  const bool swapped = out.format == Format::csv && !ends_line(out.csv.record_delimiter);
  if (swapped && out.gzip) {
    return fail(not_implemented("A RecordDelimiter that ends no line, in a GZIP object"));
  }
  if (in.has_scan_range()) TRY(read_range(out, in.scan_range(), object_size));
  return out;
}

Task<std::shared_ptr<ObjectFile>> open_input(std::shared_ptr<objects::Reader> reader, Input input) {
  std::vector<ByteRange> pieces = {{0, reader->size()}};
  const bool csv = input.format == Format::csv;
  const char end = csv ? input.csv.record_delimiter.back() : '\n';
  if (input.ranged) {
    uint64_t begin = 0;
    if (input.first != 0) {
      CO_TRY(begin, co_await record_after(reader, input.first - 1, end));
    }
    CO_TRY(const uint64_t behind, co_await record_after(reader, input.last, end));
    pieces = {{begin, behind - std::min(begin, behind)}};
    if (csv && input.csv.header && begin != 0) {
      CO_TRY(const uint64_t header, co_await record_after(reader, 0, end));
      pieces.insert(pieces.begin(), ByteRange{0, header});
    }
  }
  std::optional<char> swapped;
  if (csv && !ends_line(input.csv.record_delimiter)) swapped = end;
  co_return std::make_shared<ObjectFile>(std::move(reader), std::move(pieces), swapped);
}

Task<Bytes> read_head(std::shared_ptr<objects::Reader> reader, Input input) {
  for (size_t size = kBlockBytes;; size *= 16) {
    CO_TRY(Bytes head, co_await reader->read_at(0, size));
    const bool all = head.size() == reader->size();
    if (input.gzip) {
      CO_TRY(head, inflated(head, kRecordBytesMax + 2));
    }
    const bool whole = head.contains(input.csv.record_delimiter.back()) || head.contains('\n');
    if (whole || all || size > kRecordBytesMax) co_return head;
  }
}

Result<std::vector<std::string>> first_record(std::string_view head, const Dialect& dialect) {
  const bool lines = ends_line(dialect.record_delimiter);
  const auto ends = [&](char c) {
    return lines ? c == '\n' || c == '\r' : c == dialect.record_delimiter.front();
  };
  while (!dialect.comment.empty() && head.starts_with(dialect.comment)) {
    const auto* const end = std::ranges::find_if(head, ends);
    head.remove_prefix(std::min<size_t>(head.size(), static_cast<size_t>(end - head.begin()) + 1));
  }
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < head.size(); ++i) {
    if (i > kRecordBytesMax) return fail(select_error("OverMaxRecordSize"));
    const std::string_view rest = head.substr(i);
    if (quoted) {
      const bool escaped = !dialect.escape.empty() && rest.starts_with(dialect.escape) &&
                           rest.size() > 1 && rest.substr(1).starts_with(dialect.quote);
      if (escaped) {
        fields.back() += head[++i];
      } else if (rest.starts_with(dialect.quote)) {
        quoted = false;
      } else {
        fields.back() += head[i];
      }
    } else if (ends(head[i])) {
      break;
    } else if (rest.starts_with(dialect.field_delimiter)) {
      fields.emplace_back();
      i += dialect.field_delimiter.size() - 1;
    } else if (!dialect.quote.empty() && fields.back().empty() && rest.starts_with(dialect.quote)) {
      quoted = true;
    } else {
      fields.back() += head[i];
    }
  }
  return fields;
}

// DIVERGES: a record ends at \n, \r\n or \r where RecordDelimiter is one of them, also within
// quotes (AllowQuotedRecordDelimiter is always on). A record with more fields than the first one is
// refused with CSVParsingError; one with fewer has missing ones; an empty line is no record.
Source make_source(const Input& input, std::vector<SourceColumn> columns) {
  Source out{input.format, "", std::move(columns),
             input.format == Format::csv && input.csv.use_header};
  const std::string_view plain = input.format == Format::json ? "uncompressed" : "none";
  const std::string_view compression = input.gzip ? "gzip" : plain;
  const std::string path = quoted_text(kObjectPath);
  if (input.format == Format::parquet) {
    out.table = fmt::format("read_parquet({})", path);
    return out;
  }
  if (input.format == Format::json) {
    out.table = fmt::format(
        "(SELECT json AS doc FROM read_json_objects({}, format = '{}', compression = '{}', "
        "maximum_object_size = {}))",
        path, input.lines ? "newline_delimited" : "unstructured", compression, kRecordBytesMax);
    return out;
  }
  std::string types;
  std::string swapped;
  const bool swap = !ends_line(input.csv.record_delimiter);
  for (size_t i = 1; i <= out.columns.size(); ++i) {
    types += fmt::format("{}'c{}': 'VARCHAR'", i == 1 ? "" : ", ", i);
    const std::string end = quoted_text(input.csv.record_delimiter);
    swapped += fmt::format("{0}translate(c{1}, chr(10) || {2}, {2} || chr(10)) AS c{1}",
                           i == 1 ? "" : ", ", i, end);
  }
  out.table = fmt::format(
      "read_csv({}, auto_detect = false, header = {}, columns = {{{}}}, delim = {}, quote = {}, "
      "escape = {}, comment = {}, nullstr = '{}', null_padding = true, strict_mode = true, "
      "parallel = false, max_line_size = {}, compression = '{}')",
      path, input.csv.header, types, quoted_text(input.csv.field_delimiter),
      quoted_text(input.csv.quote), quoted_text(input.csv.escape), quoted_text(input.csv.comment),
      kNoText, kRecordBytesMax, compression);
  if (swap) out.table = fmt::format("(SELECT {} FROM {})", swapped, out.table);
  return out;
}

}  // namespace millrace::s3::select
