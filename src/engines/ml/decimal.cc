#include "engines/ml/decimal.h"

#include <charconv>
#include <cstdlib>
#include <string>

namespace millrace::ml::decimal {

bool take_slowly(const char*& at, const char* end, double& value) {
  const bool plus = at != end && *at == '+';
  const char* const begin = at + (plus ? 1 : 0);
  if (plus && begin != end && *begin == '-') return false;
  const std::from_chars_result read = std::from_chars(begin, end, value);
  if (read.ec == std::errc::invalid_argument) return false;
  // from_chars does not say on which side it is out of range; strtod does.
  if (read.ec == std::errc::result_out_of_range) {
    value = std::strtod(std::string(begin, read.ptr).c_str(), nullptr);
  }
  at = read.ptr;
  return true;
}

}  // namespace millrace::ml::decimal
