// The error documents of query and rest-xml, both ways.
#pragma once

#include "wire/protocols/protocol_codec.h"

namespace millrace::wire {

// <ErrorResponse><Error>…</Error><RequestId>…; of S3 a bare <Error> with
// RequestId and HostId.
Bytes xml_error_body(const Scope& scope, const ErrorDocument& document);
Error read_xml_error(const Scope& scope, const ResponseParts& response, Arena& arena);

// S3's second id of a request, which clients only repeat.
std::string host_id(std::string_view request_id);

}  // namespace millrace::wire
