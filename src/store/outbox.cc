#include "store/outbox.h"

#include <fmt/format.h>

namespace millrace::store {

Result<uint64_t> read_sequence(Txn& txn, std::string_view table, BytesView key) {
  TRY(const std::optional<Bytes> value, txn.get_raw(table, key));
  if (!value) return 0;
  const auto sequence = decode_key<std::tuple<uint64_t>>(*value);
  if (!sequence)
    return fail(ErrorKind::internal, fmt::format("a sequence in {} is damaged", table));
  return std::get<0>(*sequence);
}

Result<Event> read_event(Database& db, uint64_t sequence) {
  Txn txn = db.begin();
  TRY(const std::optional<Bytes> value, txn.get_raw(kOutboxTable, key_prefix(sequence)));
  if (!value) {
    return fail(ErrorKind::not_found, fmt::format("the outbox has no event {}", sequence));
  }
  Result<Event> event = decode_row<Event>(*value);
  if (!event) {
    return fail(ErrorKind::internal, fmt::format("event {}: {}", sequence, event.error().message));
  }
  event->sequence = sequence;
  return event;
}

}  // namespace millrace::store
