// The errors of decoding, by protocol, and the rule for duplicate keys of maps.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/model/value.h"

namespace millrace::wire {

std::unexpected<Error> serialization_error(std::string message);  // json, rest-json, cbor
std::unexpected<Error> malformed_xml();                           // rest-xml; the text is S3's
std::unexpected<Error> malformed_input(std::string message);      // query
std::unexpected<Error> malformed_query(std::string message);      // the form itself

// Keeps the last of the entries with the same key, in place and in order.
void drop_earlier_duplicates(Value& map);

}  // namespace millrace::wire
