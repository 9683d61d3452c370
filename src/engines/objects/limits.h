// The limits of engines/objects. Beyond them an operation answers `invalid` or `exhausted`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace::objects {

struct Limits {
  size_t inline_bytes_max = 16 * 1024;  // Up to here an object lies in its row, beyond in a blob.
  size_t key_bytes_max = 1024;
  uint64_t object_bytes_max = uint64_t{5} << 40;
  uint64_t part_bytes_max = uint64_t{5} << 30;  // Also of an object written at once.
  uint32_t parts_max = 10'000;
  size_t segments_max = 40'000;  // Pieces of blobs that one object may consist of.
  size_t buckets_of_owner_max = 1'000;
  size_t page_max = 1'000;                         // Of every listing.
  size_t dropped_parts_max = 100'000;              // That the removal of a bucket may take with it.
  size_t setting_bytes_max = 256 * 1024;           // The document of one setting.
  size_t settings_max = 1'000;                     // Of one kind, of a bucket.
  size_t cached_buckets_bytes = 1024 * 1024;       // Rows of buckets kept in memory.
  size_t cached_settings_bytes = 4 * 1024 * 1024;  // The same of settings.
  int commit_attempts_max = 64;                    // Of a commit that meets conflicts.
};

}  // namespace millrace::objects
