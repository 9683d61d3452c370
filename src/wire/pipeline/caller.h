// Caller: how one part of Millrace calls an operation of another, as its clients do.
//
// The call enters the pipeline behind authentication: it is authorized, validated and dispatched
// like one that came over HTTP, on the calling loop. Inputs and outputs are documents, or plain
// JSON text with the model's member names; streaming payloads (PutObject's Body) are base64 in
// them. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/pipeline/dispatcher.h"

namespace millrace::wire {

struct CallRequest {
  std::string service;    // Our folder's name: "sagemaker"
  std::string operation;  // "CreateTrainingJob"
  Realm realm;
  Principal principal;
  Bytes input_json;  // Empty: no input.
};

class Caller final {
 public:
  // Both outlive this object.
  Caller(const Directory& directory, const Dispatcher& dispatcher, std::string base_url);

  // Answers the output as JSON text ("{}" where there is none). Errors: unsupported (no such
  // service or operation), those of the operation with the codes of its protocol.
  Task<Bytes> call(CallRequest request) const;

 private:
  const Directory& directory_;
  const Dispatcher& dispatcher_;
  std::string base_url_;
};

}  // namespace millrace::wire
