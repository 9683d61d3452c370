// Inference by a trained model: SageMaker's `serve` contract without its HTTP. Scorer loads a
// model folder once and answers the bodies of invocations.
//
// Formats, as SageMaker documents them for Factorization Machines ("Factorization Machines
// Response Formats", "Common Data Formats for Inference"):
//   application/json                  {"instances": [{"features": [1.5, 0]},
//                                       {"data": {"features": {"keys": [3], "shape": [9],
//                                                              "values": [1]}}}]}
//                                     → {"predictions": [{"score": 0.4, "predicted_label": 0.0}]}
//   application/jsonlines             an instance a line → a prediction a line
//   application/x-recordio-protobuf   records → records with label {score, predicted_label}
// Requests for the best items of a user, an extension, are in top_request.h.
// Of several media types in `accept` the first supported one is taken; without one, the format of
// a JSON Lines request, else JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/algorithm.h"
#include "runtime/disk.h"

namespace millrace::ml {

struct Response {
  std::string content_type;
  Bytes body;
};

// Thread-safe once made. invoke() computes on the caller's thread.
class Scorer final {
 public:
  // Loads <root>/model. Errors: not_found, invalid (a damaged artefact), unsupported, exhausted.
  static Result<std::unique_ptr<Scorer>> load(runtime::Disk& disk, const Algorithm& algorithm,
                                              const runtime::Path& root);

  // Errors: unsupported (the content type), precondition_failed (the accepted types), invalid
  // (the body), exhausted (its size): status_of() has their HTTP status.
  Result<Response> invoke(std::string_view content_type, std::string_view accept,
                          BytesView body) const;

  const Predictor& predictor() const { return *predictor_; }

 private:
  explicit Scorer(std::unique_ptr<Predictor> predictor) : predictor_(std::move(predictor)) {}
  std::unique_ptr<Predictor> predictor_;
};

// 415, 406, 400, 413; 500 for everything that is not the client's fault.
int status_of(const Error& error);

}  // namespace millrace::ml
