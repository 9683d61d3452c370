// The limits of engines/sql. Beyond them a query answers `exhausted` or, of time, `deadline`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace::sql {

// Of one query.
struct QueryLimits {
  uint64_t memory_bytes = uint64_t{512} << 20;  // Nothing is spilled to disk.
  unsigned threads = 2;
  std::chrono::seconds time{600};
  uint64_t rows = UINT64_MAX;  // Of the answer.
  uint64_t result_bytes = UINT64_MAX;
};

struct Limits {
  size_t statement_bytes_max = 1 << 20;
  size_t queries_max = 64;        // That run or wait at one time.
  size_t idle_databases_max = 2;  // Kept open for the next query that may share one.
  size_t glob_files_max = 100'000;
};

}  // namespace millrace::sql
