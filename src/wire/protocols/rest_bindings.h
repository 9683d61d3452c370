// What REST protocols put outside the body: labels, query parameters, headers
// and the status.
//
// Pure. Texts are borrowed from the request where they need no decoding. Errors
// of decoding: SerializationException; InvalidArgument in rest-xml. Source:
// https://smithy.io/2.0/spec/http-bindings.html
#pragma once

#include <span>

#include "wire/protocols/codec.h"

namespace millrace::wire {

// Sets the members of `input` (a structure of `shape`) that stand outside the
// body.
Result<void> decode_request_bindings(const Shape& shape, const RequestParts& request,
                                     std::span<const Label> labels, Value& input, Arena& arena);
// Adds the headers of `output` and sets the status where a member carries it.
void encode_response_bindings(const Shape& shape, const Value& output, ResponseParts& out);

// The client's side. Fails (invalid) where a label's member is absent or empty.
Result<void> encode_request_bindings(const Operation& operation, const Value& input,
                                     OwnedRequest& out);
Result<void> decode_response_bindings(const Shape& shape, const ResponseParts& response,
                                      Value& output, Arena& arena);

// True where a member of the structure travels in the body.
bool has_body_members(const Shape& shape);

}  // namespace millrace::wire
