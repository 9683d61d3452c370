// HttpCalls: operations over HTTP, signed with the root key, in any protocol of the service; and
// their typed inputs.
//
// One thread, which runs no loop. Errors are the runner's own: no such service or operation, an
// input that is not of its shape, nobody who answers.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "app/config.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "tests/call/world.h"
#include "wire/http/client.h"
#include "wire/model/model.h"
#include "wire/model/value.h"

namespace millrace::call_tests {

// By the name of the service's folder.
using Models = std::map<std::string, const wire::Service*, std::less<>>;

// An operation with its typed input, ready to be sent.
struct TypedCall {
  const wire::Service* service = nullptr;
  const wire::Operation* operation = nullptr;
  wire::Value input;
};

// `request.input` is completed as the SDKs do it (idempotency tokens), and must be of the input's
// shape, with no members that it does not have. `request` and `arena` outlive the answer.
Result<TypedCall> typed_call(const Models& models, Request& request, Arena& arena);

// What an error looks like to a script.
Answer failure_of(const TypedCall& call, wire::Protocol protocol, const Error& error);

// `wanted` where the service speaks it, else its own first.
wire::Protocol protocol_for(const wire::Service& service, std::optional<wire::Protocol> wanted);

class HttpCalls final {
 public:
  HttpCalls(const Models& models, app::Account root, runtime::Clock& clock);

  // http://127.0.0.1:4566. Forgets the connections to the one before.
  Result<void> connect(std::string_view url);

  Result<Answer> call(Request request, std::optional<wire::Protocol> protocol);
  // A path of the platform's own, under /_millrace/. Errors: also any status but 200.
  Result<Bytes> local(std::string method, std::string target);
  Result<std::vector<SeenEvent>> events();

  runtime::Loop& loop() { return loop_; }

 private:
  http::ClientRequest signed_request(const TypedCall& call, std::string method, std::string target,
                                     http::Headers headers, Bytes body, const Who& who) const;

  const Models& models_;
  app::Account root_;
  runtime::Clock& clock_;
  runtime::Loop loop_;
  http::Client client_;
  http::Endpoint endpoint_;
};

}  // namespace millrace::call_tests
