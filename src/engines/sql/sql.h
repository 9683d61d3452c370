// Sql: SELECT statements over files, in this process. Knows nothing of AWS.
//
// A query runs on threads of DuckDB, reads through sql::Files and nothing else, and answers chunks
// of rows as they are made. The library behind it is loaded by the first query.
//
// Threads: Sql is thread-safe; Rows belong to one task at a time, but for Rows::interrupt(). A
// query and each of its next() take a thread of World::pool while they last. Sql outlives its
// Rows, its nursery is closed after them. A query keeps its Files until nothing reads them.
//
// Errors, wherever: invalid (the statement, or a file that is not what it should be), what Files
// answered, denied (a path that is not of Files), exhausted (a limit of limits.h, with the memory
// that a query may take), deadline (limits.time, or interrupt()), unsupported (the library is not
// installed, or DuckDB cannot do it), internal.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engines/sql/files.h"
#include "engines/sql/limits.h"
#include "engines/sql/value.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/nursery.h"
#include "runtime/pool.h"

namespace millrace::sql {

struct Query {
  std::string statement;  // One SELECT in DuckDB's SQL.
  QueryLimits limits = {};
  // Runs in a database that other such queries use before and after, which saves opening one. Only
  // for statements that the program wrote, with the limits that they all have.
  bool shared = false;
  std::stop_token stop = {};  // Interrupts the query, also while it waits.
};

class Sql;

// The answer of a query. Destroyed before its end, it interrupts the query.
class Rows final {
 public:
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  const std::vector<Column>& columns() const;
  // The next rows, valid until the next call; null at the end. After an error, only that again.
  Task<const Chunk*> next();
  void interrupt();  // Any thread.

 private:
  friend class Sql;
  struct State;
  explicit Rows(std::shared_ptr<State> state);
  void end();
  std::shared_ptr<State> state_;
};

class Sql final {
 public:
  struct World {
    runtime::Pool& pool;
    runtime::Clock& clock;
    runtime::Nursery& nursery;
    // Where libmillrace_duckdb.so may be; the first one that is there.
    std::vector<runtime::Path> libraries;
  };
  explicit Sql(World world, Limits limits = {});
  ~Sql();
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  // Begins the query and answers when its first rows can be asked for.
  Task<Rows> query(Query query, std::shared_ptr<Files> files);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

// The places of the library beside a program: its folder, and ../lib/millrace.
std::vector<runtime::Path> libraries_beside(const runtime::Path& program);

}  // namespace millrace::sql
