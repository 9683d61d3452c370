// JSON bodies of errors, as json-1.0, json-1.1 and rest-json share them.
#pragma once

#include <string_view>

#include "wire/protocols/protocol_codec.h"

namespace millrace::wire {

// {"__type": code (where `with_type`), members, message}.
Bytes json_error_body(const ErrorDocument& document, bool with_type);

// The error that a JSON answer carries, by its header, __type, code or Code.
Error read_json_error(const Scope& scope, const ResponseParts& response, Arena& arena);

}  // namespace millrace::wire
