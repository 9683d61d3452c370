// The limits of logs and series.
#pragma once

#include <chrono>
#include <cstddef>

namespace millrace::metrics {

// Logs.
inline constexpr size_t kLineOverhead = 26;  // What a line counts beyond its text, as AWS counts.
inline constexpr size_t kAppendEventsMax = 100'000;          // Lines of one append.
inline constexpr size_t kAppendBytesMax = 16 * 1024 * 1024;  // Their bytes.
inline constexpr size_t kSegmentBytesMax = 1024 * 1024;      // Of one row, but for a longer line.
inline constexpr std::chrono::seconds kSegmentSpan{60};      // Between first and last line of it.
inline constexpr size_t kReadAhead = 256 * 1024;             // Segments of a stream, at once.
inline constexpr size_t kReadAheadRows = 256;
inline constexpr size_t kFilterScanBytes = 32 * 1024 * 1024;  // Looked at for one page.
inline constexpr size_t kSweepRows = 1'000;                   // Erased in one transaction.
inline constexpr std::chrono::seconds kSweepPeriod{600};      // Between two passes.
inline constexpr int kConflictRetries = 100;                  // Of one write.

// Patterns.
inline constexpr size_t kPatternBytesMax = 1024;
inline constexpr size_t kPatternTermsMax = 64;
inline constexpr unsigned kPatternDepthMax = 16;
inline constexpr unsigned kJsonDepthMax = 64;  // Of a line that a JSON pattern looks into.

// Series.
inline constexpr size_t kPutDataMax = 1'000;          // Data of one put.
inline constexpr size_t kDatumValuesMax = 5'000;      // Values of one datum.
inline constexpr size_t kPendingPointsMax = 100'000;  // Recorded and not yet written.
inline constexpr size_t kFlushPoints = 1'000;         // Written in one transaction.
inline constexpr size_t kPointsMax = 100'800;         // Answered by one read.
inline constexpr std::chrono::seconds kFlushPeriod{1};
inline constexpr std::chrono::seconds kRollUpPeriod{3'600};
inline constexpr size_t kRollUpRows = 1'000;    // Of one transaction.
inline constexpr size_t kExactValuesMax = 512;  // Distinct values of one aggregate.

}  // namespace millrace::metrics
