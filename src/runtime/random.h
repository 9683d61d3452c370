// Random: where unpredictable bytes come from; passed in, so that a test can repeat them.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace millrace::runtime {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* bytes, size_t size) = 0;

  uint64_t next();
  std::string hex(size_t bytes);                // Twice as many lower-case hex digits.
  std::string alphanumeric(size_t characters);  // Of A-Z and 0-9.
  std::string uuid();                           // Version 4, lower case.
};

std::unique_ptr<Random> make_system_random();               // The kernel's; fit for secrets.
std::unique_ptr<Random> make_seeded_random(uint64_t seed);  // Repeats; for tests.

}  // namespace millrace::runtime
