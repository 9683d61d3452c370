// What one protocol implements: the five functions of codec.h, and what they
// share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/protocols/codec.h"

namespace millrace::wire {

// What is answered to whom.
struct Scope {
  Protocol protocol;
  const Service& service;
  const Operation* operation;  // May be null where an error is encoded; never elsewhere.
  std::string_view request_id;
};

struct ProtocolCodec {
  Result<Value> (*decode_request)(const Scope&, const RequestParts&, std::span<const Label>,
                                  Arena&);
  ResponseParts (*encode_response)(const Scope&, const Value& output);
  ResponseParts (*encode_error)(const Scope&, const Error&);
  Result<OwnedRequest> (*encode_request)(const Scope&, const Value& input);
  Result<Value> (*decode_response)(const Scope&, const ResponseParts&, Arena&);
};

extern const ProtocolCodec kJsonRpc;  // json 1.0 and 1.1
extern const ProtocolCodec kRestJson;
extern const ProtocolCodec kRestXml;
extern const ProtocolCodec kQuery;
extern const ProtocolCodec kRpcV2Cbor;

// An error as a document of its shape.
struct ErrorDocument {
  const Shape* shape = nullptr;   // Null: the model does not know the code.
  Value value;                    // A structure of `shape`, or absent.
  std::string_view message_name;  // Of the message, where `value` does not carry it.
  std::string_view message;       // Empty where `value` carries it, or there is none.
  // Details that the shape does not know: name, text.
  std::vector<std::pair<std::string_view, std::string_view>> extra;
  std::string_view wire_code;    // The code as json and cbor name it: the shape's name.
  std::string_view legacy_code;  // As query and XML name it: the shape's error
                                 // code, or its name.
  bool sender_fault = true;
};

// `error` and `arena` outlive what it returns. Details of members that are
// structures, lists or maps are given as documents (JSON by the model's names);
// what does not parse is left out.
ErrorDocument make_error_document(const Scope& scope, const Error& error, Arena& arena);

// The error that a client reads: `code` is what stood on the wire (any prefix
// before '#' and any suffix from ':' are dropped), members of `value` become
// details.
Error read_error(const Scope& scope, std::string_view code, int status, const Shape* shape,
                 const Value& value, std::string_view message);
std::string_view bare_error_code(std::string_view code);
// The shape of the error, by its bare code.
const Shape* error_shape(const Scope& scope, std::string_view code);

// x-amzn-query-error, for services that have it.
void add_query_error_header(const Scope& scope, const ErrorDocument& document, Headers& headers);
// Its code, where there is one.
std::string_view query_error_code(const ResponseParts& response);

bool is_s3(const Service& service);

}  // namespace millrace::wire
