// Library: finds and loads the driver, once, when it is first asked for.
// Private to the module. Thread-safe; loading blocks.
#pragma once

#include <string>

#include "engines/sql/driver.h"
#include "runtime/disk.h"
#include "runtime/locked.h"

namespace millrace::sql {

class Library final {
 public:
  explicit Library(std::vector<runtime::Path> places) : places_(std::move(places)) {}
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Errors: unsupported (no file at any of the places), internal (another version).
  Result<Driver*> driver();

 private:
  Result<std::unique_ptr<Driver>> load() const;

  const std::vector<runtime::Path> places_;
  runtime::Locked<std::unique_ptr<Driver>> driver_;
};

}  // namespace millrace::sql
