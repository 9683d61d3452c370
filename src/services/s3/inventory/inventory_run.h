// The round of inventories: at midnight UTC, every report that is due is
// written: a file of gzipped CSV or of Parquet, and then the manifest that
// names it, in the bucket that the configuration says.
//
// A round is a timer, so that it survives the process, and a clock that is
// moved on brings it on. Weekly reports are written on Sundays. The names of a
// report's files follow from its time, so one that is interrupted is written
// anew in its own place; its manifest is the last thing to be there. A report
// that cannot be written (its bucket is gone) is told in the log, and does not
// hold up others. AWS writes the first report within 48 hours; here it is at
// the next midnight.
//
// Threads: subscribe() before the timers start; the round runs on their loop.
// Memory: a page of the listing, of Parquet a group of rows. Source: S3 User Guide, "Cataloging and
// analyzing your data with S3 Inventory".
#pragma once

#include <string_view>

#include "services/s3/inventory/inventory_report.h"
#include "store/timers.h"

namespace millrace::s3 {

inline constexpr std::string_view kInventoryTimer = "s3.inventory";

class InventoryRounds final {
 public:
  // Outlives the timers; the service outlives it.
  explicit InventoryRounds(S3& s3) : s3_(s3) {}
  void subscribe(store::Timers& timers);
  // Sets the timer of the next midnight where none is set. Errors: those of the
  // store.
  Task<void> begin();

 private:
  Task<void> round(store::Timer timer);
  S3& s3_;
};

}  // namespace millrace::s3
