// The answer of SelectObjectContent: records, progress and statistics as a stream of events.
// Source: S3 API Reference, "Appendix: SelectObjectContent Response".
#pragma once

#include <memory>
#include <vector>

#include "engines/sql/sql.h"
#include "services/s3/select/object_file.h"
#include "services/s3/select/records.h"
#include "wire/http/body.h"

namespace millrace::s3::select {

struct Answer {
  sql::Rows rows;
  const sql::Chunk* first;  // Fetched already, so that early errors are answered as such; or null.
  OutputFormat format;
  std::vector<OutputColumn> columns;
  std::shared_ptr<ObjectFile> file;
  Format input = Format::csv;
  bool progress = false;
};

// Makes events while they are read. What fails half-way is an event too, and the last one.
// DIVERGES: there are no Cont events, as no connection is held open by a proxy that would close it.
std::unique_ptr<http::BodyReader> make_answer(Answer answer);

// What a query answered, in S3's words.
Error name_query_error(Error error, Format input);

}  // namespace millrace::s3::select
