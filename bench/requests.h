// Requests, signed once and then sent as often as wanted: SigV4 lets a signature be used for
// 15 minutes, and the server verifies it each time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::bench {

struct RequestPlan {
  std::string method = "POST";
  std::string target = "/";  // "{n}" becomes 000000, 000001, …: as many as there are variants.
  unsigned variants = 1;
  std::vector<std::string> headers;  // "Name: value"; they are signed.
  std::string body;
  std::string host;
  std::string service;  // Of the signature; empty: the requests are not signed.
  bool unsigned_payload = false;
};

struct Credentials {
  std::string access_key_id;
  std::string secret;
  std::string region = "us-east-1";
};

// The heads of all variants, each as long as the others, without the body.
// Errors: invalid (a header without a colon, a target with "{n}" and more than 1,000,000 variants).
Result<std::vector<std::string>> signed_heads(const RequestPlan& plan,
                                              const Credentials& credentials, Time now);

}  // namespace millrace::bench
