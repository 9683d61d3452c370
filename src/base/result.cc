#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::already_exists:
      return "already_exists";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::precondition_failed:
      return "precondition_failed";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::exhausted:
      return "exhausted";
    case ErrorKind::deadline:
      return "deadline";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

void assert_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: ASSERT(%s) does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace millrace
