// Router: from method, path and query to the operation of a REST service.
//
// Compiles all of the service's routes (served or not, so that an unserved
// operation is answered by name) into a trie of path segments. Literals win
// over labels, labels over greedy labels; among the routes of one path, the one
// with most constant query parameters, then most required query parameters that
// are present (also where some are missing: PUT ?uploadId= is an UploadPart, and
// not a PutObject), then all required headers (S3: CopyObject), then a served one. Immutable
// once made, so safe on any thread; the service outlives it. Limits:
// kLabelsMax. Source:
// https://smithy.io/2.0/spec/http-bindings.html#http-uri-trait
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wire/model/model.h"
#include "wire/protocols/codec.h"
#include "wire/protocols/limits.h"

namespace millrace::wire {

struct RouteMatch {
  const OperationName* name = nullptr;   // Never null.
  const Operation* operation = nullptr;  // Null: AWS has it, this service does not serve it.
  std::array<Label, limits::kLabelsMax> label_array = {};
  size_t label_count = 0;

  // Borrowed from the path that was matched and from the model.
  std::span<const Label> labels() const { return {label_array.data(), label_count}; }
};

class Router final {
 public:
  explicit Router(const Service& service);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // The route of that request, or nothing. Reads method, path, query and
  // headers only.
  std::optional<RouteMatch> match(const RequestParts& request) const;
  // True where some method is routed at that path (405 rather than 404).
  bool has_path(std::string_view path) const;

  struct Node;

 private:
  const Service& service_;
  std::unique_ptr<Node> root_;
};

}  // namespace millrace::wire
