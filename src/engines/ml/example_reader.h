// The examples of one stream of bytes, as rows: what a channel reads file by file.
//
// Not thread-safe. Errors: invalid, with the cause, where an example is none; what the source
// answers. place() says where.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "engines/ml/byte_source.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

class ExampleReader {
 public:
  virtual ~ExampleReader() = default;
  // Appends examples until `batch` has `rows` of them. False at the end of the stream.
  virtual Result<bool> read(size_t rows, RowBatch& batch) = 0;
  // Where it stands, or where it failed: `record 5`.
  virtual std::string place() const = 0;
};

// Of recordIO-protobuf (recordio.h, record.h).
std::unique_ptr<ExampleReader> make_recordio_examples(std::unique_ptr<ByteSource> source,
                                                      RowRules rules);

}  // namespace millrace::ml
