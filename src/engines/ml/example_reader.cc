#include "engines/ml/example_reader.h"

#include <fmt/format.h>

#include "engines/ml/record.h"
#include "engines/ml/recordio.h"

namespace millrace::ml {
namespace {

class RecordioExamples final : public ExampleReader {
 public:
  RecordioExamples(std::unique_ptr<ByteSource> source, RowRules rules)
      : reader_(std::move(source)), rules_(rules) {}

  Result<bool> read(size_t rows, RowBatch& batch) override {
    BytesView record;
    while (batch.size() < rows) {
      if (!reader_.take_buffered(record)) {
        TRY(const std::optional<BytesView> next, reader_.next());
        if (!next) return false;
        record = *next;
      }
      TRY(append_record(record, rules_, batch));
    }
    return true;
  }
  std::string place() const override { return fmt::format("record {}", reader_.number()); }

 private:
  RecordioReader reader_;
  RowRules rules_;
};

}  // namespace

std::unique_ptr<ExampleReader> make_recordio_examples(std::unique_ptr<ByteSource> source,
                                                      RowRules rules) {
  return std::make_unique<RecordioExamples>(std::move(source), rules);
}

}  // namespace millrace::ml
