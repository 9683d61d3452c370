#include <fmt/format.h>

#include "services/sagemaker_runtime/sagemaker_runtime.h"

namespace millrace::sagemaker_runtime {
namespace {

constexpr size_t kMessageMax = 2048;  // AWS: of ModelError's texts.
constexpr milliseconds kModelTimeout{60'000};

serving::InvokeRequest request_of(const wire::Call& call, const InvokeEndpointInput& in) {
  serving::InvokeRequest out{.realm = call.realm,
                             .endpoint = std::string(in.endpoint_name()),
                             .variant = std::string(in.target_variant()),
                             .request = {}};
  serving::Request& request = out.request;
  request.timeout = kModelTimeout;
  request.body = Bytes(in.body());
  const auto add = [&request](std::string_view name, std::string_view value) {
    if (!value.empty()) request.headers.emplace_back(name, value);
  };
  add("Content-Type", in.content_type());
  add("Accept", in.accept());
  add("X-Amzn-SageMaker-Custom-Attributes", in.custom_attributes());
  add("X-Amzn-SageMaker-Inference-Id", in.inference_id());
  return out;
}

// AWS: what serving could not do, in the runtime's words.
Error serving_error(const Error& error, const InvokeEndpointInput& in, const wire::Call& call) {
  if (error.kind == ErrorKind::not_found && in.has_target_variant()) {
    return errors::validation(fmt::format("Variant {} not found for endpoint {} of account {}.",
                                          in.target_variant(), in.endpoint_name(),
                                          call.realm.account));
  }
  if (error.kind == ErrorKind::not_found) {
    return errors::validation(fmt::format("Endpoint {} of account {} not found.",
                                          in.endpoint_name(), call.realm.account));
  }
  if (error.kind == ErrorKind::exhausted) {
    return errors::service_unavailable("No worker of the endpoint can answer right now.");
  }
  Error out = errors::model(
      fmt::format("Received server error (0) from primary with message \"{}\".", error.message));
  out.details = {{"OriginalStatusCode", "500"}, {"OriginalMessage", error.message}};
  return out;
}

// AWS: an answer of the model that is no success becomes ModelError, status 424, with what the
// model said. See invoke_endpoint.test.
Error model_error(const serving::Answer& answer, const InvokeEndpointInput& in,
                  const wire::Call& call) {
  const std::string said = answer.body.substr(0, kMessageMax);
  Error out = errors::model(fmt::format(
      "Received {} error ({}) from primary with message \"{}\". See "
      "https://{}.console.aws.amazon.com/cloudwatch/home?region={}#logEventViewer:group=/aws/"
      "sagemaker/Endpoints/{} in account {} for more information.",
      answer.status >= 500 ? "server" : "client", answer.status, said, call.realm.region,
      call.realm.region, in.endpoint_name(), call.realm.account));
  out.details = {{"OriginalStatusCode", std::to_string(answer.status)},
                 {"OriginalMessage", said},
                 {"LogStreamArn", make_arn("logs", call.realm,
                                           fmt::format("log-group:/aws/sagemaker/Endpoints/{}",
                                                       in.endpoint_name()))}};
  return out;
}

}  // namespace

Task<InvokeEndpointOutput> invoke_endpoint(SagemakerRuntime& runtime, wire::Call& call,
                                           InvokeEndpointInput in) {
  if (in.has_target_model()) co_return fail(errors::not_implemented("TargetModel"));
  if (in.has_inference_component_name()) {
    co_return fail(errors::not_implemented("InferenceComponentName"));
  }
  Result<serving::InvokeAnswer> invoked = co_await runtime.fleets.invoke(request_of(call, in));
  if (!invoked) co_return fail(serving_error(invoked.error(), in, call));
  const serving::Answer& answer = invoked->answer;
  if (answer.status < 200 || answer.status >= 300) co_return fail(model_error(answer, in, call));
  auto out = call.make<InvokeEndpointOutput>();
  out.set_body(answer.body);
  const std::string* const type = answer.header("content-type");
  out.set_content_type(type != nullptr ? *type : "application/octet-stream");
  out.set_invoked_production_variant(invoked->variant);
  if (const auto* custom = answer.header("x-amzn-sagemaker-custom-attributes")) {
    out.set_custom_attributes(*custom);
  }
  co_return out;
}

}  // namespace millrace::sagemaker_runtime
