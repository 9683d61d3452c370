#include "engines/sql/library.h"

#include <dlfcn.h>

#include <utility>

namespace millrace::sql {

Library::~Library() = default;

Result<Driver*> Library::driver() {
  return driver_.with([this](std::unique_ptr<Driver>& driver) -> Result<Driver*> {
    if (!driver) {
      TRY(driver, load());
    }
    return driver.get();
  });
}

// It stays loaded until the process ends: DuckDB cannot be unloaded.
Result<std::unique_ptr<Driver>> Library::load() const {
  std::string why = "it is at none of its places";
  for (const runtime::Path& place : places_) {
    std::error_code code;
    if (!std::filesystem::exists(place, code)) continue;
    void* const library = ::dlopen(place.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
      return fail(ErrorKind::internal,
                  "the library of SQL was not loaded: " + std::string(::dlerror()));
    }
    const auto make = reinterpret_cast<MakeDriver>(::dlsym(library, kDriverSymbol));
    if (make == nullptr) {
      return fail(ErrorKind::internal, place.string() + " is not the library of SQL");
    }
    std::unique_ptr<Driver> driver(make(&why));
    if (!driver) return fail(ErrorKind::internal, why);
    return driver;
  }
  return fail(ErrorKind::unsupported, "the library of SQL was not found: " + why);
}

}  // namespace millrace::sql
