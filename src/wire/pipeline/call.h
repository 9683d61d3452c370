// Call: what an operation knows of its request beyond the typed input.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/arena.h"
#include "base/ids.h"
#include "wire/http/message.h"
#include "wire/model/value.h"

namespace millrace::auth {
class PayloadVerifier;
}

namespace millrace::wire {

// Who calls: an access key's owner, or a role that one of our services assumed.
struct Principal {
  std::string account;  // 12 digits; empty for an anonymous caller.
  std::string arn;
  std::string user_id;
  std::string access_key_id;  // Empty for calls from inside.
  bool root = false;
  bool anonymous() const { return account.empty(); }
};

// Owned by the dispatcher, which keeps it alive until the answer has been sent. One thread at a
// time.
struct Call {
  explicit Call(Arena& a) : arena(a) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Arena& arena;  // Lives as long as the call: inputs and outputs are made in it.
  Realm realm;
  Principal principal;
  std::string request_id;
  std::string base_url;  // http://127.0.0.1:4566, as the client sees us.

  // The request; null when another part of Millrace calls.
  const http::Request* http = nullptr;
  // The streaming payload of the input (PutObject's Body), decoded and verified as it is read; its
  // last read fails where the signature, digest or length does not hold. Null for other operations.
  http::BodyReader* body = nullptr;
  // The same body, in pieces that are digested beside what is done with them, and for what it tells
  // once it has been read: MD5, checksums. Null where `body` is.
  auth::PayloadVerifier* payload = nullptr;

  // What the answer carries beyond the typed output.
  http::Headers response_headers;
  int response_status = 0;                  // 0: the model's.
  std::optional<http::Body> response_body;  // The streaming payload of the output.

  bool any_region = false;  // The request names no region: it is unsigned, or signed as of old.
  bool authorized = false;  // By the service's Authorize: what is named may belong to others.

  // An empty output (or any other modelled structure).
  template <class T>
  T make() {
    Value node = make_structure(T::kShape, arena);
    return T(node.items, arena);
  }
};

}  // namespace millrace::wire
