// The formats of examples, as the content type of a channel names them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "engines/ml/byte_source.h"
#include "engines/ml/example_reader.h"
#include "engines/ml/rows.h"
#include "engines/ml/table_file.h"

namespace millrace::ml {

struct ExampleFormat {
  enum class Kind : uint8_t { recordio, csv, libsvm, parquet };
  Kind kind = Kind::recordio;
  bool labelled = true;          // Of CSV: whether the first column is the label.
  TableFiles* tables = nullptr;  // Of Parquet: who reads its files; outlives the channel.
};

// `application/x-recordio-protobuf`, `application/x-recordio` and nothing: recordIO; `text/csv`,
// perhaps with `label_size=0` or `1`; `text/libsvm`, `text/x-libsvm`; `application/x-parquet`.
// Whatever the case, and with `charset=utf-8` or without. Errors: invalid, naming what is not
// known.
Result<ExampleFormat> parse_content_type(std::string_view content_type);

// Reads `source` as that; gzip is unpacked (byte_source.h). Not Parquet, which is no stream:
// parquet_examples.h.
std::unique_ptr<ExampleReader> make_examples(const ExampleFormat& format,
                                             std::unique_ptr<ByteSource> source, RowRules rules);

}  // namespace millrace::ml
