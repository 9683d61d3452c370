// DuckDB's file system over sql::Files. The one place that needs DuckDB's C++ interface; what
// includes this needs its C header only.
#pragma once

#include <duckdb.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "engines/sql/files.h"
#include "engines/sql/limits.h"
#include "runtime/locked.h"

namespace millrace::sql {

// What the file system of one database reads now, and what became of it.
struct Mount {
  explicit Mount(size_t files_max) : glob_files_max(files_max) {}

  std::atomic<Files*> files = nullptr;  // Null between queries.
  std::atomic<bool> interrupted = false;
  const size_t glob_files_max;
  // The first error of `files`: the query fails with it, in these words.
  runtime::Locked<std::optional<Error>> error;
};

// Gives a configuration, before it opens a database, a file system that has nothing but `mount`.
void place_file_system(duckdb_config config, std::shared_ptr<Mount> mount);

// The next rows of a result, or null: `error` then says why, and is empty at the end. (The C
// interface has the same answer for both.)
duckdb_data_chunk fetch(duckdb_result& result, std::string& error);

// A cell of any type, as SQL writes it.
std::string text_of(duckdb_vector vector, size_t row);
// The type of a column, as SQL writes it.
std::string type_name_of(duckdb_logical_type type);

}  // namespace millrace::sql
