#include "services/sagemaker/endpoints/endpoint_rows.h"

namespace millrace::sagemaker {
namespace {

// AWS: an update that fails leaves the endpoint in service with what it had.
Result<void> fail_deployment(store::Txn& txn, Endpoint& endpoint, const Error& error, Time now) {
  TRY(serving::Fleets::abandon(txn, endpoint.realm, endpoint.name));
  endpoint.failure_reason = error.message.substr(0, kReasonMax);
  if (endpoint.status == kCreating) {
    endpoint.status = kFailed;
    endpoint.config = endpoint.pending_config;
  } else {
    endpoint.status = kInService;
  }
  endpoint.pending_config.clear();
  put_endpoint(txn, endpoint, now);
  return {};
}

// In service, or failed by what the user has asked for.
Task<void> conclude(Sagemaker& sm, Realm realm, std::string name, Result<void> deployed) {
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<Endpoint> endpoint, txn.find(kEndpoints, {realm, name}));
  const bool wanted = endpoint && (endpoint->status == kCreating || endpoint->status == kUpdating);
  if (!wanted) co_return ok;  // It was deleted meanwhile; that event follows.
  if (deployed) {
    CO_TRY(serving::Fleets::promote(txn, realm, name));
    endpoint->status = kInService;
    endpoint->config = std::move(endpoint->pending_config);
    endpoint->pending_config.clear();
    endpoint->failure_reason.clear();
    put_endpoint(txn, *endpoint, sm.clock.now());
  } else {
    CO_TRY(fail_deployment(txn, *endpoint, deployed.error(), sm.clock.now()));
  }
  // The route is there before anybody can read InService; it is not an effect of the commit, and
  // settle() makes it so again after a crash.
  co_return co_await txn.commit();
}

Task<void> deploy(Sagemaker& sm, Realm realm, std::string name) {
  const Result<void> deployed = co_await sm.fleets.deploy(realm, name);
  if (!deployed && !is_final(deployed.error().kind)) co_return deployed;  // The bus tries again.
  const auto step = [&] { return conclude(sm, realm, name, deployed); };
  co_return co_await runtime::repeat<void>(sm.clock, step);
}

Task<void> remove(Sagemaker& sm, Realm realm, std::string name) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<Endpoint> endpoint, txn.find(kEndpoints, {realm, name}));
  if (endpoint && endpoint->status == kDeleting) {
    txn.erase(kEndpoints, {realm, name});
    txn.erase(kTags, {realm, endpoint->arn});
    CO_TRY(co_await txn.commit());
  }
  co_return ok;
}

}  // namespace

Task<void> react_to_endpoint(Sagemaker& sm, Realm realm, std::string name) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<Endpoint> endpoint, txn.find(kEndpoints, {realm, name}));
  if (endpoint && (endpoint->status == kCreating || endpoint->status == kUpdating)) {
    CO_TRY(co_await deploy(sm, realm, name));
  }
  CO_TRY(co_await sm.fleets.settle(realm, name));
  if (endpoint && endpoint->status == kDeleting) CO_TRY(co_await remove(sm, realm, name));
  co_return ok;
}

// AWS: a deletion that fails leaves an endpoint that is Failed, and can be deleted again.
Task<void> give_up_endpoint(Sagemaker& sm, Realm realm, std::string name, Error reason) {
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<Endpoint> endpoint, txn.find(kEndpoints, {realm, name}));
  if (!endpoint) co_return ok;
  reason.message = "InternalServerError: " + reason.message;
  if (endpoint->status == kCreating || endpoint->status == kUpdating) {
    CO_TRY(fail_deployment(txn, *endpoint, reason, sm.clock.now()));
  } else if (endpoint->status == kDeleting) {
    endpoint->status = kFailed;
    endpoint->failure_reason = reason.message.substr(0, kReasonMax);
    put_endpoint(txn, *endpoint, sm.clock.now());
  } else {
    co_return ok;
  }
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
