// AWS's common errors, which every service answers. Each service's own come from its model
// (api/<service>.h). Source: "Common Errors" of the API references.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace millrace::wire::errors {

inline Error validation(std::string message) {
  return {ErrorKind::invalid, std::move(message), "ValidationException", 400};
}
inline Error access_denied(std::string message) {
  return {ErrorKind::denied, std::move(message), "AccessDeniedException", 403};
}
inline Error throttling(std::string message) {
  return {ErrorKind::exhausted, std::move(message), "ThrottlingException", 400};
}
inline Error internal_failure(std::string message) {
  return {ErrorKind::internal, std::move(message), "InternalFailure", 500};
}
inline Error service_unavailable(std::string message) {
  return {ErrorKind::exhausted, std::move(message), "ServiceUnavailable", 503};
}
inline Error not_implemented(std::string_view what) {
  return {ErrorKind::unsupported, std::string(what) + " is not implemented by Millrace",
          "NotImplemented", 501};
}

}  // namespace millrace::wire::errors
