// Endpoints as rows, and what changes them.
#pragma once

#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

// AWS: the states of an endpoint, by their names on the wire.
inline constexpr std::string_view kCreating = "Creating";
inline constexpr std::string_view kUpdating = "Updating";
inline constexpr std::string_view kInService = "InService";
inline constexpr std::string_view kDeleting = "Deleting";
inline constexpr std::string_view kFailed = "Failed";

struct Endpoint {
  Realm realm;
  std::string name;
  std::string arn;
  std::string status;
  std::string config;          // The configuration that serves.
  std::string pending_config;  // The one that is being deployed; empty where none is.
  std::string failure_reason;
  Time created{};
  Time modified{};
  std::string tag;  // Of its workers' ids.

  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm), v(2, self.name), v(3, self.arn), v(4, self.status), v(5, self.config);
    v(6, self.pending_config), v(7, self.failure_reason), v(8, self.created);
    v(9, self.modified), v(10, self.tag);
  }
};
inline constexpr store::Table<Endpoint> kEndpoints{"sagemaker.endpoints"};

inline constexpr std::string_view kEndpointStateChange = "SageMaker Endpoint State Change";

// Puts the row, and the event that AWS publishes of the change, into the transaction.
void put_endpoint(store::Txn& txn, Endpoint& endpoint, Time now);

// The fleet that a configuration describes. Errors: validation (a configuration or model that is
// gone, an image that is not ours, too many instances), fit for the user.
Result<std::vector<serving::Variant>> variants_of(store::Txn& txn, wire::Call& call,
                                                  const std::string& config);

// Brings what runs to what the row says; called for each event of the endpoint. Repeatable.
Task<void> react_to_endpoint(Sagemaker& sm, Realm realm, std::string name);
// The deployment or the deletion has failed, for this reason: it was tried again and again in vain.
Task<void> give_up_endpoint(Sagemaker& sm, Realm realm, std::string name, Error reason);

}  // namespace millrace::sagemaker
