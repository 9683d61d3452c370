// Pipeline: the life of a request, from a parsed HTTP head to an encoded answer.
//
// The stages, in this order:
//   trace        an id for the request, before anything can fail
//   identify     protocol, service, operation: decides how everything after it speaks
//   limit        the size of the body, before a byte of it is read
//   authenticate the signature, before the body is trusted or decoded
//   authorize    what the caller may do
//   decode       the typed input, from the protocol the request came in
//   dispatch     validation, the operation
//   encode       the answer or the error, in the protocol the request came in
// Thread-safe: no state but caches.
#pragma once

#include <atomic>
#include <string>

#include "runtime/clock.h"
#include "runtime/pool.h"
#include "runtime/random.h"
#include "wire/auth/md5_team.h"
#include "wire/auth/verify.h"
#include "wire/pipeline/directory.h"
#include "wire/pipeline/dispatcher.h"

namespace millrace::wire {

struct PipelineOptions {
  std::string region = "us-east-1";
  size_t typed_body_bytes_max = 8 * 1024 * 1024;  // Of operations that the model types.
  size_t blob_body_bytes_max = 32 * 1024 * 1024;  // Of those whose payload is a blob in memory.
};

class Pipeline final : public http::Handler {
 public:
  // All outlive the pipeline. `local` answers what AWS has no name for, under /_millrace/.
  struct World {
    const Directory& directory;
    const Dispatcher& dispatcher;
    auth::KeyStore& keys;
    runtime::Clock& clock;
    runtime::Random& random;
    runtime::Pool& digests;  // Where large bodies are digested.
    http::Handler& local;
  };
  Pipeline(PipelineOptions options, World world);

  Task<http::Response> handle(http::Request& request) override;

 private:
  struct Exchange;
  Task<void> serve(Exchange& exchange);
  Task<void> authenticate(Exchange& exchange);
  Task<void> read_body(Exchange& exchange);
  static bool is_bare(const Exchange& exchange);
  Result<void> prepare_payload(Exchange& exchange);
  Result<void> identify(Exchange& exchange) const;
  Result<void> authorize(const Exchange& exchange) const;
  std::string next_request_id();
  void log_request(const Exchange& exchange, int status, const std::string& code, Time began) const;

  PipelineOptions options_;
  World world_;
  auth::SigningKeys signing_keys_;
  auth::Md5Team md5_team_;
  std::atomic<uint64_t> sequence_{0};
  uint64_t request_seed_[2];
};

}  // namespace millrace::wire
