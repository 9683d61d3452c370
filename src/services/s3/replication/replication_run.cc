#include "services/s3/replication/replication_run.h"

#include <boost/json.hpp>

#include "runtime/log.h"
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
    out.targets.push_back(
        {text(target, "bucket"), text(target, "storage-class"), text(target, "kms-key")});
  }
  return out;
}

Result<void> check_role(const S3& s3, const Order& order, const objects::ObjectId& to) {
  const RoleSession session{order.owner, order.role, std::string(kSession)};
  if (order.marker) return authorize_role(s3, session, "s3:ReplicateDelete", to);
  TRY(authorize_role(s3, session, "s3:GetObjectVersionForReplication", order.from));
  return authorize_role(s3, session, "s3:ReplicateObject", to);
}

objects::Cause cause_of_replica(const Order& order) {
  objects::Cause cause;
  cause.operation = kReplicationCause;
  cause.requester = order.owner;
  return cause;
}

// Of a replica that was there already, or has just been made.
Task<void> follow_tags(S3* s3, const Order* order, objects::ObjectId to) {
  const Result<objects::Object> source = s3->objects.describe(order->from);
  const Result<objects::Object> replica = s3->objects.describe(to);
  if (!source || !replica || source->metadata.tags == replica->metadata.tags) co_return ok;
  objects::Cause cause = cause_of_replica(*order);
  auto tags = source->metadata.tags;
  CO_TRY(co_await s3->objects.set_tags(std::move(to), std::move(tags), std::move(cause)));
  co_return ok;
}

Task<void> replicate_to(S3* s3, const Order* order, const ReplicationTarget* target) {
  objects::ObjectId to{target->bucket, order->from.key, order->from.version};
  CO_TRY(check_role(*s3, *order, to));
  objects::ReplicateRequest request;
  request.from = order->from;
  request.to_bucket = target->bucket;
  request.storage_class = target->storage_class;
  if (!target->kms_key.empty()) {
    objects::Protect& protect = request.protect.emplace();
    protect.guard = objects::Guard::named;
    protect.name = target->kms_key;
  }
  objects::Cause cause = cause_of_replica(*order);
  CO_TRY(const bool made, co_await s3->objects.replicate(std::move(request), std::move(cause)));
  if (made || order->marker) co_return ok;
  co_return co_await follow_tags(s3, order, std::move(to));
}

bool is_final(ErrorKind kind) {
  return kind != ErrorKind::internal && kind != ErrorKind::exhausted &&
         kind != ErrorKind::conflict && kind != ErrorKind::deadline;
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
