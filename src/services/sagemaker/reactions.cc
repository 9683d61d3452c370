#include "services/sagemaker/reactions.h"

#include <boost/json.hpp>

#include "services/sagemaker/endpoints/endpoint_rows.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {
namespace {

// The detail has the name as it was given; the ARN has it in small letters.
std::string name_of(const store::Event& event, std::string_view member) {
  boost::json::error_code code;
  const boost::json::value detail = boost::json::parse(event.detail, code);
  const boost::json::object* const object = code ? nullptr : detail.if_object();
  const boost::json::value* const name = object == nullptr ? nullptr : object->if_contains(member);
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

std::string job_of(const store::Event& event) { return name_of(event, "TrainingJobName"); }
std::string endpoint_of(const store::Event& event) { return name_of(event, "EndpointName"); }

}  // namespace

void subscribe(store::Bus& bus, Sagemaker& service) {
  bus.subscribe(
      "sagemaker.training",
      {.sources = {"aws.sagemaker"}, .detail_types = {std::string(kTrainingStateChange)}},
      [&service](store::Event event) {
        return react_to_training_job(service, event.realm, job_of(event));
      },
      [&service](store::Event event, Error reason) {
        return give_up_training_job(service, event.realm, job_of(event), reason);
      });
  bus.subscribe(
      "sagemaker.endpoints",
      {.sources = {"aws.sagemaker"}, .detail_types = {std::string(kEndpointStateChange)}},
      [&service](store::Event event) {
        return react_to_endpoint(service, event.realm, endpoint_of(event));
      },
      [&service](store::Event event, Error reason) {
        return give_up_endpoint(service, event.realm, endpoint_of(event), reason);
      });
}

}  // namespace millrace::sagemaker
