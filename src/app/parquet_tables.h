// Parquet for training: what engines/ml asks of a reader, answered by engines/sql. Nothing of SQL
// is loaded before the first file is opened.
//
// Thread-safe; a file belongs to one thread at a time, and ends before the object that opened it.
// Files are read piece by piece, in their order, within kParquetMemoryBytes.
#pragma once

#include <memory>
#include <vector>

#include "engines/ml/table_file.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/locked.h"

namespace millrace::app {

inline constexpr uint64_t kParquetMemoryBytes = uint64_t{1} << 30;  // Of one file that is read.

class ParquetTables final : public ml::TableFiles {
 public:
  // `libraries`: where libmillrace_duckdb.so may be.
  ParquetTables(runtime::Disk& disk, runtime::Clock& clock, std::vector<runtime::Path> libraries);
  ~ParquetTables() override;

  Result<std::unique_ptr<ml::TableFile>> open(const runtime::Path& path) override;

 private:
  struct Engine;
  runtime::Disk& disk_;
  runtime::Clock& clock_;
  const std::vector<runtime::Path> libraries_;
  runtime::Locked<std::unique_ptr<Engine>> engine_;
};

}  // namespace millrace::app
