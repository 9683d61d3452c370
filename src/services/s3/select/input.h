// InputSerialization: what an object's bytes are, as a table of DuckDB's.
// Source: SelectObjectContent, CSVInput, JSONInput, ScanRange.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/s3.h"
#include "services/s3/select/object_file.h"
#include "services/s3/select/statement.h"

namespace millrace::s3::select {

inline constexpr size_t kRecordBytesMax = 1024 * 1024;  // AWS: maxCharsPerRecord.

struct Dialect {
  std::string field_delimiter = ",";
  std::string record_delimiter = "\n";
  std::string quote = "\"";
  std::string escape = "\"";
  std::string comment;
  bool header = false;      // The first record names the columns…
  bool use_header = false;  // …and the names count.
};

struct Input {
  Format format = Format::csv;
  Dialect csv;
  bool lines = true;  // Of JSON: a value a line.
  bool gzip = false;
  bool ranged = false;  // Of the bytes `first` to `last`, only records that begin there.
  uint64_t first = 0;
  uint64_t last = 0;
};

// Errors: MissingRequiredParameter, ObjectSerializationConflict, InvalidRequestParameter,
// InvalidScanRange, UnsupportedScanRangeInput, NotImplemented (what DuckDB lacks, by name).
Result<Input> read_input(const SelectObjectContentRequest& in, uint64_t object_size);

// The file that the query reads: of a ScanRange, the header and the records that begin in it.
// Errors: those of the reader, OverMaxRecordSize.
Task<std::shared_ptr<ObjectFile>> open_input(std::shared_ptr<objects::Reader> reader, Input input);

// The first bytes of the file as text: those of the first record at least, where there are more.
// Errors: those of the reader, InvalidCompressionFormat.
Task<Bytes> read_head(std::shared_ptr<objects::Reader> reader, Input input);

// The fields of the first record. Errors: OverMaxRecordSize.
Result<std::vector<std::string>> first_record(std::string_view head, const Dialect& dialect);

// `columns`: of CSV the fields of the first record, of Parquet those of the file.
Source make_source(const Input& input, std::vector<SourceColumn> columns);

}  // namespace millrace::s3::select
