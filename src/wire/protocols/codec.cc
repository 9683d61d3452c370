#include "wire/protocols/codec.h"

#include "wire/protocols/protocol_codec.h"
#include "wire/protocols/scalars.h"

namespace millrace::wire {
namespace {

const ProtocolCodec& codec_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::json_1_0:
    case Protocol::json_1_1:
      return kJsonRpc;
    case Protocol::rest_json:
      return kRestJson;
    case Protocol::rest_xml:
      return kRestXml;
    case Protocol::query:
      return kQuery;
    case Protocol::rpc_v2_cbor:
      return kRpcV2Cbor;
  }
  return kJsonRpc;
}

}  // namespace

const std::string_view* RequestParts::header(std::string_view name) const {
  for (const HeaderView& field : headers) {
    if (equal_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

const std::string* ResponseParts::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

Result<Value> decode_request(Protocol protocol, const Service& service, const Operation& operation,
                             const RequestParts& request, std::span<const Label> labels,
                             Arena& arena) {
  const Scope scope{protocol, service, &operation, {}};
  return codec_of(protocol).decode_request(scope, request, labels, arena);
}

ResponseParts encode_response(Protocol protocol, const Service& service, const Operation& operation,
                              const Value& output, std::string_view request_id) {
  const Scope scope{protocol, service, &operation, request_id};
  return codec_of(protocol).encode_response(scope, output);
}

ResponseParts encode_error(Protocol protocol, const Service& service, const Operation* operation,
                           const Error& error, std::string_view request_id) {
  const Scope scope{protocol, service, operation, request_id};
  return codec_of(protocol).encode_error(scope, error);
}

Result<OwnedRequest> encode_request(Protocol protocol, const Service& service,
                                    const Operation& operation, const Value& input) {
  const Scope scope{protocol, service, &operation, {}};
  return codec_of(protocol).encode_request(scope, input);
}

Result<Value> decode_response(Protocol protocol, const Service& service, const Operation& operation,
                              const ResponseParts& response, Arena& arena) {
  const Scope scope{protocol, service, &operation, {}};
  return codec_of(protocol).decode_response(scope, response, arena);
}

}  // namespace millrace::wire
