#include "services/s3/replication/replication_run.h"

#include <boost/json.hpp>

#include "runtime/clock.h"
#include "runtime/log.h"
#include "services/s3/encryption/data_keys.h"
#include "services/s3/notifications.h"
#include "services/s3/policies/lists.h"
#include "services/s3/policies/role_session.h"
#include "services/s3/replication/replication_plan.h"

namespace millrace::s3 {
namespace {

namespace json = boost::json;

constexpr std::string_view kSession = "s3-replication";

// What an event asks for (replication_state.cc writes it).
struct Order {
  objects::ObjectId from;
  bool marker = false;
  std::string owner, role;
  std::vector<ReplicationTarget> targets;
};

std::string text(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Result<Order> order_of(const store::Event& event) {
  boost::system::error_code code;
  const json::value parsed = json::parse(event.detail, code);
  const json::object* const detail = code ? nullptr : parsed.if_object();
  const json::value* const targets = detail == nullptr ? nullptr : detail->if_contains("targets");
  if (targets == nullptr || !targets->is_array()) {
    return fail(ErrorKind::invalid, "an event of replication is damaged");
  }
  Order out;
  out.from = {text(*detail, "bucket"), text(*detail, "key"), text(*detail, "version")};
  const json::value* const marker = detail->if_contains("marker");
  out.marker = marker != nullptr && marker->is_bool() && marker->get_bool();
  out.owner = event.realm.account;
  out.role = text(*detail, "role");
  for (const json::value& one : targets->get_array()) {
    if (!one.is_object()) continue;
    const json::object& target = one.get_object();
    const json::value* const owner = target.if_contains("changes-owner");
    out.targets.push_back({text(target, "bucket"), text(target, "storage-class"),
                           text(target, "kms-key"), text(target, "rule"),
                           owner != nullptr && owner->is_bool() && owner->get_bool()});
  }
  return out;
}

// AWS: the role opens what a key of KMS guards, and seals it under the key that the rule names.
Result<void> check_keys(const S3& s3, const RoleSession& session, const Order& order,
                        const ReplicationTarget& target) {
  const Result<objects::Object> source = s3.objects.describe(order.from);
  if (!source || source->protection.guard != objects::Guard::named) return {};
  const objects::ObjectId& from = order.from;
  TRY(authorize_role_key(
      s3, session,
      {"kms:Decrypt", source->protection.name, from.bucket, from.key, source->protection.wide}));
  TRY(const objects::Bucket to, s3.objects.bucket(target.bucket));
  TRY(const keys::MasterKey key, find_kms_key(s3.keyring, {to.owner, to.region}, target.kms_key));
  const std::string arn = arn_of(key);
  return authorize_role_key(s3, session, {"kms:Encrypt", arn, to.name, from.key});
}

Result<void> check_role(const S3& s3, const Order& order, const ReplicationTarget& target,
                        const objects::ObjectId& to) {
  const RoleSession session{order.owner, order.role, std::string(kSession)};
  if (order.marker) return authorize_role(s3, session, "s3:ReplicateDelete", to);
  TRY(authorize_role(s3, session, "s3:GetObjectVersionForReplication", order.from));
  TRY(authorize_role(s3, session, "s3:ReplicateObject", to));
  TRY(check_keys(s3, session, order, target));
  if (!target.changes_owner) return {};
  return authorize_role(s3, session, "s3:ObjectOwnerOverrideToBucketOwner", to);
}

objects::Cause cause_of_replica(const Order& order) {
  objects::Cause cause;
  cause.operation = kReplicationCause;
  cause.requester = order.owner;
  return cause;
}

std::string list_of(const objects::Metadata& metadata) {
  const auto found = metadata.attributes.find(std::string(kAclAttribute));
  return found == metadata.attributes.end() ? std::string() : found->second;
}

Task<void> follow_lock(S3* s3, const Order* order, objects::ObjectId to, objects::Lock lock,
                       objects::Lock had) {
  objects::Cause cause = cause_of_replica(*order);
  if (lock.legal_hold && lock.legal_hold != had.legal_hold) {
    CO_TRY(co_await s3->objects.set_legal_hold(to, *lock.legal_hold, cause));
  }
  if (lock.retention == had.retention) co_return ok;
  co_return co_await s3->objects.set_retention(std::move(to), lock.retention, true,
                                               std::move(cause));
}

// Of a replica that was there already: what has changed since follows.
Task<void> follow(S3* s3, const Order* order, const ReplicationTarget* target,
                  objects::ObjectId to) {
  const Result<objects::Object> source = s3->objects.describe(order->from);
  const Result<objects::Object> replica = s3->objects.describe(to);
  if (!source || !replica) co_return ok;
  const objects::Metadata& now = source->metadata;
  const objects::Metadata& before = replica->metadata;
  objects::Cause cause = cause_of_replica(*order);
  if (now.tags != before.tags) CO_TRY(co_await s3->objects.set_tags(to, now.tags, cause));
  if (!target->changes_owner && list_of(now) != list_of(before)) {
    CO_TRY(co_await s3->objects.set_attribute(to, std::string(kAclAttribute), list_of(now), cause));
  }
  co_return co_await follow_lock(s3, order, std::move(to), now.lock, before.lock);
}

Task<void> replicate_to(S3* s3, const Order* order, const ReplicationTarget* target) {
  objects::ObjectId to{target->bucket, order->from.key, order->from.version};
  CO_TRY(check_role(*s3, *order, *target, to));
  objects::ReplicateRequest request;
  request.from = order->from;
  request.to_bucket = target->bucket;
  request.storage_class = target->storage_class;
  if (target->changes_owner) request.without = kAclAttribute;
  if (!target->kms_key.empty()) {
    objects::Protect& protect = request.protect.emplace();
    protect.guard = objects::Guard::named;
    protect.name = target->kms_key;
  }
  objects::Cause cause = cause_of_replica(*order);
  CO_TRY(const bool made, co_await s3->objects.replicate(std::move(request), std::move(cause)));
  if (made || order->marker) co_return ok;
  co_return co_await follow(s3, order, target, std::move(to));
}

bool is_final(ErrorKind kind) {
  return kind != ErrorKind::internal && kind != ErrorKind::exhausted &&
         kind != ErrorKind::conflict && kind != ErrorKind::deadline;
}

// AWS: why, in its own list of reasons. See put_bucket_replication.test.
std::string_view reason_of(const S3& s3, const Order& order, const ReplicationTarget& target,
                           const Error& error) {
  const Result<objects::Bucket> to = s3.objects.bucket(target.bucket);
  if (!to) return "DstBucketNotFound";
  if (to->versioning != objects::Versioning::enabled) return "DstBucketUnversioned";
  if (error.code == "KMS.NotFoundException") return "DstKmsKeyNotFound";
  if (error.code.starts_with("KMS.")) return "DstKmsKeyInvalidState";
  if (error.kind == ErrorKind::precondition_failed) return "DstBucketObjectLockConfigMissing";
  if (error.kind == ErrorKind::unsupported) return "SrcObjectNotEligible";
  if (order.marker) return "DstDelObjNotPermitted";
  const RoleSession session{order.owner, order.role, std::string(kSession)};
  const bool readable =
      authorize_role(s3, session, "s3:GetObjectVersionForReplication", order.from).has_value();
  return readable ? "DstPutObjectNotPermitted" : "SrcGetObjectNotPermitted";
}

// DIVERGES: s3:Replication:OperationFailedReplication is told of also without metrics of
// replication, which are refused.
Task<void> tell_failure(S3* s3, const Order* order, const ReplicationTarget* target, Time requested,
                        Error error) {
  store::Txn txn = s3->db.begin();
  const Result<objects::Bucket> bucket = s3->objects.bucket(order->from.bucket);
  if (!bucket) co_return ok;
  objects::Entry entry;
  entry.object_key = order->from.key;
  entry.version = order->from.version;
  entry.marker = order->marker;
  const Result<objects::Object> object = s3->objects.describe(order->from);
  if (object) entry = object->entry;
  objects::Cause cause;
  cause.requester = "s3.amazonaws.com";
  cause.operation = kReplicationCause;
  const ReplicationFailure failure{target->rule, target->bucket,
                                   order->marker ? "OBJECT_DELETE" : "OBJECT_PUT", requested,
                                   reason_of(*s3, *order, *target, error)};
  const objects::Change change{objects::ChangeKind::written, *bucket, entry, cause,
                               s3->clock.now()};
  CO_TRY(notify(txn, change, "s3:Replication:OperationFailedReplication", &failure));
  co_return co_await txn.commit();
}

// Where the version is still there.
Task<void> keep_state(store::Database* db, objects::ObjectId id, ReplicationState state) {
  store::Txn txn = db->begin();
  CO_TRY(std::optional<VersionReplication> row,
         txn.find(kVersionReplications, {id.bucket, id.key, id.version}));
  if (!row || row->state == state) co_return ok;
  row->state = state;
  txn.put(kVersionReplications, *row);
  co_return co_await txn.commit();
}

}  // namespace

void Replication::subscribe(store::Bus& bus) {
  bus.subscribe(
      "s3.replication", {.sources = {std::string(kReplicationSource)}},
      [this](store::Event event) { return carry_out(std::move(event)); },
      [this](store::Event event, Error why) { return give_up(std::move(event), std::move(why)); });
}

Task<void> Replication::carry_out(store::Event event) {
  CO_TRY(const Order order, order_of(event));
  const auto source = s3_.objects.marker(order.from);
  if (!order.marker && !s3_.objects.describe(order.from)) co_return ok;
  if (order.marker && (!source || !*source)) co_return ok;
  ReplicationState state = ReplicationState::completed;
  for (const ReplicationTarget& target : order.targets) {
    const Result<void> done = co_await replicate_to(&s3_, &order, &target);
    if (done) continue;
    if (!is_final(done.error().kind)) co_return done;
    state = ReplicationState::failed;
    CO_TRY(co_await tell_failure(&s3_, &order, &target, event.time, done.error()));
    runtime::log(
        runtime::LogLevel::warning, "s3.replication_failed",
        {{"from", order.from.bucket}, {"to", target.bucket}, {"cause", done.error().message}});
  }
  co_return co_await keep_state(&s3_.db, order.from, state);
}

// What may yet be, when a disk has room again, is tried until it is.
Task<void> Replication::give_up(store::Event event, Error why) {
  if (!is_final(why.kind)) co_return fail(std::move(why));
  const Result<Order> order = order_of(event);
  if (!order) co_return ok;
  co_return co_await keep_state(&s3_.db, order->from, ReplicationState::failed);
}

}  // namespace millrace::s3
