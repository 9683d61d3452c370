#include "services/s3/select/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/s3/errors.h"
#include "services/s3/select/problems.h"
#include "wire/protocols/event_stream.h"

namespace millrace::s3::select {
namespace {

constexpr size_t kRecordsBytes = 128 * 1024;  // Of one event, about.

class AnswerBody final : public http::BodyReader {
 public:
  explicit AnswerBody(Answer answer) : answer_(std::move(answer)), chunk_(answer_.first) {
    if (chunk_ == nullptr) finish();
  }

  std::optional<uint64_t> content_length() const override { return std::nullopt; }

  Task<size_t> read(char* buffer, size_t size) override {
    while (sent_ == events_.size() && !ended_) {
      sent_ = 0;
      events_.clear();
      CO_TRY(co_await make_more());
    }
    const size_t count = events_.copy(buffer, size, sent_);
    sent_ += count;
    co_return count;
  }

 private:
  // Rows of the chunk as records; the next chunk where that one has none left.
  Task<void> make_more() {
    Result<void> written;
    while (written && row_ < chunk_->rows() && records_.size() < kRecordsBytes) {
      written = append_record(records_, answer_.format, answer_.columns, *chunk_, row_++);
    }
    if (written && row_ == chunk_->rows()) {
      Result<const sql::Chunk*> next = co_await answer_.rows.next();
      row_ = 0;
      if (next && *next != nullptr) {
        chunk_ = *next;
      } else if (next) {
        finish();
      } else {
        written = fail(name_query_error(std::move(next).error(), answer_.input));
      }
    }
    if (!written) {
      end_with(written.error());
    } else if (records_.size() >= kRecordsBytes) {
      flush();
    }
    co_return ok;
  }

  void flush() {
    if (records_.empty()) return;
    returned_ += records_.size();
    add("Records", "application/octet-stream", std::exchange(records_, {}));
    if (answer_.progress) add("Progress", "text/xml", counts("Progress"));
  }

  void finish() {
    flush();
    add("Stats", "text/xml", counts("Stats"));
    add("End", "", "");
    ended_ = true;
  }

  void end_with(const Error& error) {
    flush();
    const std::string code = error.code.empty() ? "InternalError" : error.code;
    const std::string text =
        error.code.empty() ? "We encountered an internal error. Please try again." : error.message;
    wire::append_event(events_, {{{":error-code", code},
                                  {":error-message", text.substr(0, 4096)},
                                  {":message-type", "error"}},
                                 ""});
    ended_ = true;
  }

  void add(std::string_view type, std::string_view content_type, Bytes payload) {
    wire::EventMessage event;
    event.headers.emplace_back(":message-type", "event");
    event.headers.emplace_back(":event-type", type);
    if (!content_type.empty()) event.headers.emplace_back(":content-type", content_type);
    event.payload = std::move(payload);
    wire::append_event(events_, event);
  }

  // DIVERGES: BytesProcessed is BytesScanned, also of a compressed object.
  std::string counts(std::string_view root) const {
    const uint64_t scanned = answer_.file->bytes_read();
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{0}><BytesScanned>{1}</BytesScanned>"
        "<BytesProcessed>{1}</BytesProcessed><BytesReturned>{2}</BytesReturned></{0}>",
        root, scanned, returned_);
  }

  Answer answer_;
  const sql::Chunk* chunk_;
  size_t row_ = 0;
  Bytes records_;  // Of the next event.
  Bytes events_;
  size_t sent_ = 0;  // Of events_.
  uint64_t returned_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<http::BodyReader> make_answer(Answer answer) {
  return std::make_unique<AnswerBody>(std::move(answer));
}

Error name_query_error(Error error, Format input) {
  const auto says = [&error](std::string_view text) { return error.message.contains(text); };
  if (!error.code.empty()) return error;
  if (error.kind == ErrorKind::unsupported) return not_implemented(error.message);
  if (error.kind == ErrorKind::deadline || error.kind == ErrorKind::exhausted) {
    return select_error("Busy");
  }
  if (error.kind != ErrorKind::invalid) return error;
  if (says("nvalid unicode") || says("not utf-8 encoded"))
    return select_error("InvalidTextEncoding");
  if (says("Maximum line size") || says("maximum_object_size")) {
    return select_error("OverMaxRecordSize");
  }
  if (error.message.starts_with("Conversion Error")) return select_error("CastFailed");
  if (error.message.starts_with("Out of Range")) return select_error("CastFailed");
  if (error.message.starts_with("Binder Error")) return select_error("UnsupportedSqlOperation");
  switch (input) {
    case Format::csv:
      return select_error("CSVParsingError");
    case Format::json:
      return select_error("JSONParsingError");
    case Format::parquet:
      return select_error("ParquetParsingError");
  }
  return error;
}

}  // namespace millrace::s3::select
