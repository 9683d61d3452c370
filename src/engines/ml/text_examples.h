// Examples as lines of text: CSV and libsvm. Real AWS trains Factorization Machines on
// recordIO-protobuf only; these are extensions of Millrace, in the conventions of SageMaker's
// algorithms that do read them. Numbers are read as the nearest double and rounded to float32.
//
// CSV (`text/csv`): the label first, then feature_dim numbers; zeros are not kept. No header:
// "Amazon SageMaker requires that a CSV file does not have a header record and that the target
// variable is in the first column" (https://docs.aws.amazon.com/sagemaker/latest/dg/
// cdf-training.html). With `label_size=0` there is no label. Blanks around a number are skipped;
// quotes are not.
//
// libsvm (`text/libsvm`, `text/x-libsvm`): `label index:value …`, perhaps `label:importance`, as
// XGBoost has weights; blanks between; `#` begins a comment. Indices count from 0, in any order;
// values of equal ones add up. (A file that counts from 1 is read with a feature_dim that is one
// larger: feature 0 is then never seen.) `qid:` is refused.
//
// Empty lines are skipped, and so is a byte order mark in front. As ExampleReader; place() is
// `line 5`.
#pragma once

#include <memory>

#include "engines/ml/byte_source.h"
#include "engines/ml/example_reader.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

// Lines of the usual shape are read by their separators, all numbers side by side, and others
// number by number. `number_by_number`: all of them, for tests and fuzzers, which compare the two.
struct TextOptions {
  bool labelled = true;  // CSV only.
  bool number_by_number = false;
};
std::unique_ptr<ExampleReader> make_csv_examples(std::unique_ptr<ByteSource> source, RowRules rules,
                                                 TextOptions options = {});
std::unique_ptr<ExampleReader> make_libsvm_examples(std::unique_ptr<ByteSource> source,
                                                    RowRules rules, TextOptions options = {});

}  // namespace millrace::ml
