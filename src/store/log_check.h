// Tells damage to RocksDB's logs from the torn end that a crash leaves. Private to the module.
//
// RocksDB takes a record that runs past the end of its file, or that claims to be of an earlier
// file, for the end of the log, and goes on without what follows: one flipped bit of a length or of
// a type, and what was acknowledged is gone without a word. So the logs are looked at before they
// are given to it. Source: RocksDB's wiki, "Write Ahead Log File Format"; the manifest has the same
// format.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::store {

enum class LogEnd : uint8_t {
  whole,    // Every byte belongs to a record.
  torn,     // The last record was not written to its end; nothing of it was acknowledged.
  damaged,  // A record that was whole has changed.
};

struct LogState {
  LogEnd end = LogEnd::whole;
  uint64_t offset = 0;  // Of the first byte that is in no whole record.
};

// Damage is told for certain where one bit has changed. Where a crash may have left zeros in the
// place of sectors that were not written yet, it is taken for a torn end, unless a later block
// shows that more had been written. Pure.
LogState check_log(BytesView content);

// The logs of a database that is not open, and its manifest. Cuts a torn end that has zeros in it,
// which RocksDB would refuse. Blocks. Errors: internal (damage: file and offset are named).
Result<void> check_logs(const std::filesystem::path& folder);

// Whether there are rows in the folder, so that an empty database must not be made there.
bool has_rows(const std::filesystem::path& folder);

}  // namespace millrace::store
