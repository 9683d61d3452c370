#include "app/event_record.h"

#include <fmt/format.h>

#include "base/time.h"
#include "wire/protocols/json_writer.h"

namespace millrace::app {
namespace {

constexpr std::string_view kTable = "app.event_record";

Task<void> record(store::Database* db, store::Event event) {
  store::Txn txn = db->begin();
  txn.put_raw(kTable, store::key_prefix(event.sequence), store::encode_row(event));
  if (event.sequence > EventRecord::kEventsMax) {
    txn.erase_raw(kTable, store::key_prefix(event.sequence - EventRecord::kEventsMax));
  }
  co_return co_await txn.commit();
}

}  // namespace

void EventRecord::subscribe(store::Bus& bus) {
  bus.subscribe("app.event_record", {},
                [db = &db_](store::Event event) { return record(db, std::move(event)); });
}

Result<Bytes> EventRecord::read_json() const {
  store::Txn txn = db_.begin();
  TRY(const std::vector<store::RawRow> rows, txn.scan_raw(kTable, {}));
  Bytes out = "[";
  for (const store::RawRow& row : rows) {
    TRY(const store::Event event, store::decode_row<store::Event>(row.value));
    out += fmt::format(R"({}{{"sequence":{},"time":"{}","source":)", out.size() > 1 ? "," : "",
                       event.sequence, to_iso8601_millis(event.time));
    wire::append_json_text(out, event.source);
    out += R"(,"detail_type":)";
    wire::append_json_text(out, event.detail_type);
    out += R"(,"resource":)";
    wire::append_json_text(out, event.resource);
    out += R"(,"detail":)";
    out += event.detail.empty() ? "null}" : event.detail + "}";
  }
  return out + "]";
}

}  // namespace millrace::app
