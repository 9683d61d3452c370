#include "services/sagemaker/reactions.h"

#include "services/sagemaker/endpoints/endpoint_rows.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {
namespace {

std::string name_of(const store::Event& event) {
  return event.resource.substr(event.resource.rfind('/') + 1);
}

}  // namespace

void subscribe(store::Bus& bus, Sagemaker& service) {
  bus.subscribe(
      "sagemaker.training",
      {.sources = {"aws.sagemaker"}, .detail_types = {std::string(kTrainingStateChange)}},
      [&service](store::Event event) {
        return react_to_training_job(service, event.realm, name_of(event));
      },
      [&service](store::Event event, Error reason) {
        return give_up_training_job(service, event.realm, name_of(event), reason);
      });
  bus.subscribe(
      "sagemaker.endpoints",
      {.sources = {"aws.sagemaker"}, .detail_types = {std::string(kEndpointStateChange)}},
      [&service](store::Event event) {
        return react_to_endpoint(service, event.realm, name_of(event));
      },
      [&service](store::Event event, Error reason) {
        return give_up_endpoint(service, event.realm, name_of(event), reason);
      });
}

}  // namespace millrace::sagemaker
