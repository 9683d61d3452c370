#include "wire/pipeline/inside_payload.h"

#include <unistd.h>

#include <vector>

namespace millrace::wire {
namespace {

const Member* streamed(const Shape* shape) {
  if (shape == nullptr || shape->payload < 0) return nullptr;
  const Member& member = shape->members[static_cast<size_t>(shape->payload)];
  return member.shape->streaming ? &member : nullptr;
}

// What the input's members would be as headers; there the digests are.
Result<auth::PayloadChecks> checks_of(const Service& service, const Operation& operation,
                                      const Value& input) {
  const Protocol protocol = service.protocols.front();
  TRY(const OwnedRequest request, encode_request(protocol, service, operation, input));
  std::vector<auth::HeaderView> headers;
  for (const auto& [name, value] : request.headers) headers.push_back({name, value});
  const auth::RequestView view{request.method, request.path, request.query, headers};
  auto checks = auth::payload_checks(view, {});
  if (!checks) return fail(auth::to_error(checks.error(), auth::ErrorFamily::s3));
  if (protocol == Protocol::rest_xml) auth::compute_for_object(*checks);
  return std::move(*checks);
}

Result<Bytes> read_file(const http::FileBody& file) {
  if (file.length > kInsidePayloadBytesMax) {
    return fail(ErrorKind::exhausted, "the answer's body is too large for a call from inside");
  }
  Bytes out(file.length, '\0');
  size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t n = ::pread(file.descriptor, out.data() + filled, out.size() - filled,
                              static_cast<off_t>(file.offset + filled));
    if (n <= 0) return fail(ErrorKind::internal, "the answer's body cannot be read");
    filled += static_cast<size_t>(n);
  }
  return out;
}

}  // namespace

Result<void> InsidePayload::take(const Service& service, const Operation& operation, Value& input,
                                 Call& call) {
  if (streamed(operation.input) == nullptr) return {};
  Value& slot = input.items[operation.input->payload];
  Bytes bytes(slot.present() ? slot.as_text() : std::string_view());
  slot = Value();
  TRY(auth::PayloadChecks checks, checks_of(service, operation, input));
  source_ = http::make_bytes_body(std::move(bytes));
  verifier_.emplace(*source_, std::move(checks));
  call.body = &*verifier_;
  call.payload = &*verifier_;
  return {};
}

Task<void> put_payload(const Operation* operation, Value* output, Call* call) {
  if (!call->response_body || streamed(operation->output) == nullptr) co_return ok;
  Bytes bytes;
  if (auto* stream = std::get_if<http::StreamBody>(&*call->response_body)) {
    CO_TRY(bytes, co_await http::read_all(*stream->reader, kInsidePayloadBytesMax));
  } else if (const auto* file = std::get_if<http::FileBody>(&*call->response_body)) {
    CO_TRY(bytes, read_file(*file));
  } else {
    bytes = std::move(std::get<Bytes>(*call->response_body));
  }
  if (!output->present()) *output = make_structure(*operation->output, call->arena);
  output->items[operation->output->payload] = Value::of_text(call->arena.copy(bytes));
  co_return ok;
}

}  // namespace millrace::wire
