// Examples as rows of a Parquet file (`application/x-parquet`), an extension: real AWS trains
// Factorization Machines on recordIO-protobuf only, but other algorithms of SageMaker read Parquet,
// with the label in the first column.
//
// The label is the column named `label`, or else the first one. Of the others, one named
// `importance` is how much a row counts, and either
//   dense   all that is left are the features in the order of the file: feature_dim columns of
//           numbers or booleans; zeros are not kept
//   sparse  a list column `indices`, whole numbers from 0, and perhaps one `values` of as many
//           numbers, 1 each without it; in any order, equal indices add up
// What is missing (NULL) is refused, and so is every other type of column. Files are read piece by
// piece, so that a file may be larger than memory.
//
// As ExampleReader; place() is `row 5`, or `columns` where they are what is wrong.
#pragma once

#include <memory>

#include "engines/ml/example_reader.h"
#include "engines/ml/rows.h"
#include "engines/ml/table_file.h"

namespace millrace::ml {

// `files` outlives the reader. The file is opened by the first read().
std::unique_ptr<ExampleReader> make_parquet_examples(TableFiles& files, runtime::Path path,
                                                     RowRules rules);

}  // namespace millrace::ml
