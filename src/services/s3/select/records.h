// OutputSerialization: rows of a query as the records of the answer.
// Source: SelectObjectContent, CSVOutput, JSONOutput.
#pragma once

#include <string>
#include <vector>

#include "api/s3.h"
#include "base/bytes.h"
#include "engines/sql/value.h"
#include "services/s3/select/statement.h"

namespace millrace::s3::select {

struct OutputFormat {
  bool json = false;
  std::string record_delimiter = "\n";
  std::string field_delimiter = ",";
  std::string quote = "\"";
  std::string escape = "\"";
  bool quote_always = false;
};

// Errors: MissingRequiredParameter, ObjectSerializationConflict, InvalidRequestParameter.
Result<OutputFormat> read_output(const api::OutputSerialization& in);

// Appends the row as one record. Errors: OverMaxRecordSize, JSONParsingError.
Result<void> append_record(Bytes& out, const OutputFormat& format,
                           const std::vector<OutputColumn>& columns, const sql::Chunk& chunk,
                           size_t row);

}  // namespace millrace::s3::select
