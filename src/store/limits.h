// The limits of the store. Beyond them a commit answers `invalid` (one row) or `exhausted`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace::store {

inline constexpr size_t kKeyBytesMax = 8 * 1024;          // One encoded key.
inline constexpr size_t kRowBytesMax = 16 * 1024 * 1024;  // One encoded row.
inline constexpr size_t kTxnBytesMax = 64 * 1024 * 1024;  // Everything one commit writes.
inline constexpr size_t kCommitQueueMax = 65536;          // Commits that wait.
inline constexpr size_t kGroupBytesMax =
    4 * 1024 * 1024;                                  // One batch, unless one commit is larger.
inline constexpr size_t kConflictLogKeysMax = 32768;  // Keys of recent commits remembered.
inline constexpr size_t kConflictLogBytesMax = 4 * 1024 * 1024;  // The same, in bytes of keys.
// What stays free on the disk, so that RocksDB, which does not outlive a log that could not be
// appended to, never meets a full one. Below it, commits are `exhausted`, but for small ones that
// erase, which may use half of it: what is full can be emptied. Blobs leave more, so that large
// objects do not starve the rows. What is left when all of it is used takes a full memtable as a
// file (Database::Options::write_buffer_bytes), which a start after a crash may have to write.
inline constexpr uint64_t kReserveBytes = 32 * 1024 * 1024;
inline constexpr uint64_t kReserveErasingBytes = kReserveBytes / 2;
inline constexpr size_t kErasingCommitBytesMax = 16 * 1024;
inline constexpr uint64_t kBlobReserveBytes = 40 * 1024 * 1024;
inline constexpr unsigned kRowDepthMax = 32;     // Nested structs and containers.
inline constexpr unsigned kRowFieldsMax = 1024;  // Fields of one struct.

}  // namespace millrace::store
