// The outbox: where committed events wait for the Bus. docs/formats/outbox.md has the format.
// Private to the module.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/database.h"

namespace millrace::store {

inline constexpr std::string_view kOutboxTable = "store.outbox";     // sequence -> Event
inline constexpr std::string_view kMetaTable = "store.meta";         // Text -> its own
inline constexpr std::string_view kOutboxFloorKey = "outbox.floor";  // Events up to it are gone.
inline constexpr std::string_view kPresenceKey = "presence";  // In memory only; see writer.cc.

// The sequence that a row holds; 0 where there is none. Errors: internal.
Result<uint64_t> read_sequence(Txn& txn, std::string_view table, BytesView key);

// Errors: not_found, internal.
Result<Event> read_event(Database& db, uint64_t sequence);

}  // namespace millrace::store
