// Identifies the protocol that a request speaks, and what it says of service
// and operation.
//
// Pure. Which service it is for is the pipeline's decision, which also knows
// the signature's scope and the host; these are its hints. Texts are borrowed
// from the request.
#pragma once

#include <optional>
#include <string_view>

#include "wire/protocols/codec.h"

namespace millrace::wire {

struct Identity {
  // Nothing: a REST request; the service's model says which (rest_protocol())
  // and the router which operation.
  std::optional<Protocol> protocol;
  // Of X-Amz-Target the part before the last dot, of cbor's path the service,
  // of query nothing.
  std::string_view service;
  std::string_view operation;  // Empty for REST, and where a target has no dot.
  std::string_view version;    // query: the API version, which tells old services apart.
};

Identity identify(const RequestParts& request);

// True where the service speaks `protocol` (json 1.0 and 1.1 count as one).
bool speaks(const Service& service, Protocol protocol);
// rest_json or rest_xml, as the service has it, or nothing.
std::optional<Protocol> rest_protocol(const Service& service);

}  // namespace millrace::wire
