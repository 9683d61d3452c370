// The codecs: bytes of a request or an answer, in each of AWS's protocols, from
// and to Values.
//
// Pure functions over the tables of wire/model: no I/O, no state, safe on any
// thread. What a decoder returns lives in the arena and borrows texts from the
// request's body, so both outlive it. Decoding checks types only; the model's
// constraints are validate.h's.
//
// Errors of decoding have kind `invalid` and the code that AWS gives:
// SerializationException (json, rest-json, cbor), MalformedXML (rest-xml),
// MalformedInput (query). Limits: limits.h. Source:
// https://smithy.io/2.0/aws/protocols/index.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/http/headers.h"
#include "wire/model/model.h"
#include "wire/model/value.h"

namespace millrace::wire {

using http::HeaderView;

// A label of the route and what stands in the path for it, still
// percent-encoded.
struct Label {
  std::string_view name;
  std::string_view value;
};

// One request, borrowed.
struct RequestParts {
  std::string_view method;
  std::string_view path;   // Raw, as on the request line, without the query.
  std::string_view query;  // Raw, without '?'.
  std::span<const HeaderView> headers;
  std::string_view body;  // Empty where it streams.

  // The value of the first header of that name (in any case), or null.
  const std::string_view* header(std::string_view name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// One answer, owned. The body is empty where the output's payload streams and
// has no value: the caller streams it.
struct ResponseParts {
  int status = 200;
  Headers headers;
  Bytes body;

  const std::string* header(std::string_view name) const;
};

// One request, owned; what a client sends (less the signature, the host and the
// length).
struct OwnedRequest {
  std::string method;
  std::string path;
  std::string query;
  Headers headers;
  Bytes body;
};

// The input of `operation` as a structure; absent where it takes none. `labels`
// come from the router, for the REST protocols. A streaming payload is set only
// where `request.body` has bytes.
Result<Value> decode_request(Protocol protocol, const Service& service, const Operation& operation,
                             const RequestParts& request, std::span<const Label> labels,
                             Arena& arena);

// The answer of `operation`. `output` is a structure of operation.output, or
// absent.
ResponseParts encode_response(Protocol protocol, const Service& service, const Operation& operation,
                              const Value& output, std::string_view request_id);

// The answer where `error` ended it; `operation` may be null. The status is
// error.http_status, or what the model says of the code, or what the kind
// implies. Error.details become members. HEAD answers of S3 have no body: the
// caller drops it.
ResponseParts encode_error(Protocol protocol, const Service& service, const Operation* operation,
                           const Error& error, std::string_view request_id);

// The other side, for clients (the .test runner) and tests.
Result<OwnedRequest> encode_request(Protocol protocol, const Service& service,
                                    const Operation& operation, const Value& input);
// The output, or the error that the answer carries (code, message, http_status,
// and as details the text members of its document).
Result<Value> decode_response(Protocol protocol, const Service& service, const Operation& operation,
                              const ResponseParts& response, Arena& arena);

// The HTTP status of an error, as encode_error() chooses it.
int error_status(Protocol protocol, const Service& service, const Operation* operation,
                 const Error& error);
// The shape of the error whose code is error.code, of the operation or else the
// service, or null.
const Shape* find_error(const Service& service, const Operation* operation, std::string_view code);

}  // namespace millrace::wire
