#include "wire/pipeline/caller.h"

#include "wire/model/errors.h"
#include "wire/pipeline/inside_payload.h"
#include "wire/protocols/document.h"

namespace millrace::wire {

Caller::Caller(const Directory& directory, const Dispatcher& dispatcher, std::string base_url)
    : directory_(directory), dispatcher_(dispatcher), base_url_(std::move(base_url)) {}

Task<Bytes> Caller::call(CallRequest request) const {
  const Directory::Entry* const entry = directory_.find_by_name(request.service);
  if (entry == nullptr) co_return fail(errors::not_implemented(request.service));
  const Service& model = *entry->bound.model;
  const Operation* const operation = find_operation(model, request.operation);
  if (operation == nullptr) {
    co_return fail(errors::not_implemented(request.service + ":" + request.operation));
  }
  Arena arena;
  Call call(arena);
  call.realm = std::move(request.realm);
  call.principal = std::move(request.principal);
  call.base_url = base_url_;
  Value input;
  if (operation->input != nullptr) {
    if (request.input_json.empty()) request.input_json = "{}";
    CO_TRY(input, parse_document(*operation->input, request.input_json, arena));
  }
  InsidePayload payload;
  CO_TRY(payload.take(model, *operation, input, call));
  CO_TRY(Value output,
         co_await dispatcher_.run(*entry, *operation, model.protocols.front(), call, input));
  CO_TRY(co_await put_payload(operation, &output, &call));
  if (operation->output == nullptr || !output.present()) co_return Bytes("{}");
  co_return write_document(*operation->output, output);
}

}  // namespace millrace::wire
