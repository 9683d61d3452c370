// Driver: the SQL library behind the engine, in a shared library of its own that is loaded by the
// first query, so that neither the start of the process nor its idle memory pays for it.
// Private to the module, which is linked into two files: the interface crosses between them.
//
// Threads: a Session and its Cursor belong to one thread at a time, but for interrupt().
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engines/sql/files.h"
#include "engines/sql/limits.h"
#include "engines/sql/value.h"

namespace millrace::sql {

class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual const std::vector<Column>& columns() const = 0;
  // The next rows, valid until the next call; null at the end.
  virtual Result<const Chunk*> next() = 0;
};

// One database in memory. It reaches what `Files` names and nothing else: no local file, no
// network, no extension; its configuration is locked.
class Session {
 public:
  virtual ~Session() = default;
  // Begins one statement, which must be a SELECT. `files` outlives the cursor, and the session
  // does. One cursor at a time.
  virtual Result<std::unique_ptr<Cursor>> run(const std::string& statement, Files& files) = 0;
  // What runs, and what begins before clear_interrupt(), fails with `deadline`. Any thread.
  virtual void interrupt() = 0;
  virtual void clear_interrupt() = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual Result<std::unique_ptr<Session>> open(const QueryLimits& query, const Limits& limits) = 0;
};

// What the shared library exports. Answers null and says why where the library is not the one that
// it was built with.
inline constexpr const char* kDriverSymbol = "millrace_sql_driver";
using MakeDriver = Driver* (*)(std::string* why);

}  // namespace millrace::sql
