// One line of a server access log, as AWS writes it. Pure.
//
// DIVERGES: the times end where the answer begins; TLS and access points are `-`.
// DIVERGES: a copy is one line, without that of its source.
//
// Source: S3 User Guide, "Amazon S3 server access log format".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace millrace::s3 {

// Empty members are written as `-`. What no request of its own caused has no method.
struct AccessLine {
  std::string_view owner, bucket;  // The owner's canonical id.
  Time time{};
  std::string_view remote, requester, request_id, operation, key;
  std::string_view method, target;  // Of the request line.
  int version_minor = 1;
  int status = 0;
  std::string_view error_code, bytes_sent, object_size;
  milliseconds taken{};
  std::string_view referer, agent, version_id, host_id, signature, authentication, host;
};

std::string write_access_line(const AccessLine& line);  // Ends with a line feed.

// What a request is called in a log: REST.GET.OBJECT, REST.PUT.PART, …
struct AccessWhat {
  std::string_view method, query;  // The query as it was sent.
  bool object = false;             // It has a key.
  bool copies = false;             // It names a source.
  bool website = false;
};
std::string access_operation(const AccessWhat& what);

// The midnight, UTC, at which the day of a written line began. Nothing of what is no such line.
std::optional<Time> day_of(std::string_view line);

}  // namespace millrace::s3
