#include "services/s3/lifecycle/lifecycle_run.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "runtime/log.h"
#include "services/s3/lifecycle/lifecycle_document.h"
#include "services/s3/logging/access_logs.h"
#include "services/s3/logging/own_acts.h"
#include "services/s3/notifications.h"

namespace millrace::s3 {
namespace {

// AWS: the reason and the requester of what the lifecycle does. See s3_lifecycle_test.py.
objects::Cause lifecycle_cause(std::string_view reason) {
  objects::Cause cause;
  cause.operation = reason;
  cause.requester = "s3.amazonaws.com";
  return cause;
}

store::Timer timer_behind(Time now) {
  return {.kind = std::string(kLifecycleTimer),
          .id = "",
          .run_at = midnight_after(now, 0),
          .payload = {}};
}

// The first bucket that has rules: `from` itself, or behind it.
struct Next {
  objects::Bucket bucket;
  LifecycleRules rules;
};
Result<std::optional<Next>> next_bucket(store::Database& db, const std::string& from, bool behind) {
  store::Txn txn = db.begin();
  std::optional<Next> out;
  std::optional<Error> error;
  Arena arena;
  const auto visit = [&](objects::Bucket& bucket) {
    if (behind && bucket.name == from) return true;
    const ConfigurationId id{bucket.name, configuration::kLifecycle};
    const auto found =
        find_configuration<api::GetBucketLifecycleConfigurationOutput>(txn, id, arena);
    if (!found) {
      error = found.error();
      return false;
    }
    LifecycleRules rules = lifecycle_rules(*found);
    if (rules.rules.empty()) return true;
    out = Next{std::move(bucket), std::move(rules)};
    return false;
  };
  TRY(txn.each(objects::kBuckets, {.from = store::key_prefix(from)}, visit));
  if (error) return fail(std::move(*error));
  return out;
}

Result<void> first_serious(const std::vector<Result<objects::Removal>>& removals) {
  for (const auto& removal : removals) {
    if (removal) continue;
    const ErrorKind kind = removal.error().kind;
    if (kind == ErrorKind::internal || kind == ErrorKind::exhausted) return fail(removal.error());
  }
  return {};
}

store::Event event_of_move(const objects::Change& change) {
  namespace json = boost::json;
  const objects::Entry& entry = change.entry;
  json::object object{{"key", entry.object_key}, {"size", entry.size_bytes}, {"etag", entry.etag}};
  if (change.bucket.versioning != objects::Versioning::off) {
    object["version-id"] = objects::version_name(entry);
  }
  const json::object detail{{"version", "0"},
                            {"bucket", json::object{{"name", change.bucket.name}}},
                            {"object", std::move(object)},
                            {"request-id", change.cause.request_id},
                            {"requester", change.cause.requester},
                            {"destination-storage-class", entry.storage_class}};
  store::Event event;
  event.realm = {change.bucket.owner, change.bucket.region};
  event.source = "aws.s3";
  event.detail_type = "Object Storage Class Changed";
  event.resource = fmt::format("arn:aws:s3:::{}", change.bucket.name);
  event.detail = json::serialize(detail);
  event.time = change.time;
  return event;
}

// As announce() in events.cc does of other changes.
Result<void> announce_move(store::Txn& txn, const objects::Bucket& bucket,
                           const objects::Entry& entry, const objects::Cause& cause, Time time) {
  const objects::Change change{objects::ChangeKind::described, bucket, entry, cause, time};
  TRY(notify(txn, change, "s3:LifecycleTransition"));
  Arena arena;
  const ConfigurationId id{bucket.name, configuration::kNotification};
  TRY(const auto configuration, find_configuration<NotificationConfiguration>(txn, id, arena));
  if (!configuration) return {};
  if (configuration.has_event_bridge_configuration()) txn.emit(event_of_move(change));
  return {};
}

}  // namespace

LifecycleRounds::LifecycleRounds(objects::Objects& objects, store::Database& db,
                                 runtime::Clock& clock, AccessLogs* logs)
    : objects_(objects), db_(db), clock_(clock), logs_(logs), classes_(db, clock, &announce_move) {}

Task<void> LifecycleRounds::carry_out(std::string bucket, LifecycleWork work) {
  const size_t removals = work.removals.size();
  size_t moves = 0;
  if (removals > 0) {
    objects::Cause cause = lifecycle_cause("Lifecycle Expiration");
    CO_TRY(auto removed,
           co_await objects_.remove_all(bucket, std::move(work.removals), std::move(cause)));
    CO_TRY(first_serious(removed));
    if (is_logged(bucket)) CO_TRY(co_await log_removals(bucket, std::move(removed)));
  }
  if (!work.moves.empty()) {
    objects::Cause cause = lifecycle_cause("Lifecycle Transition");
    std::vector<objects::MoveRequest> asked;
    if (is_logged(bucket)) asked = work.moves;
    CO_TRY(moves, co_await classes_.move_all(bucket, std::move(work.moves), std::move(cause)));
    CO_TRY(co_await log_moves(bucket, std::move(asked)));
  }
  if (removals + moves > 0) {
    runtime::log(runtime::LogLevel::info, "s3.lifecycle",
                 {{"bucket", bucket},
                  {"removals", std::to_string(removals)},
                  {"moves", std::to_string(moves)}});
  }
  co_return ok;
}

bool LifecycleRounds::is_logged(std::string_view bucket) const {
  return logs_ != nullptr && logs_->watches(bucket);
}

Task<void> LifecycleRounds::log_removals(std::string bucket,
                                         std::vector<Result<objects::Removal>> removals) {
  CO_TRY(const objects::Bucket of, objects_.bucket(bucket));
  for (const Result<objects::Removal>& removal : removals) {
    if (!removal || (!removal->marker && !removal->removed)) continue;
    const bool marked = removal->marker.has_value();
    std::string line = lifecycle_line(of, clock_.now(), marked ? kMarked : kExpired,
                                      marked ? *removal->marker : *removal->removed);
    CO_TRY(co_await logs_->note(bucket, std::move(line)));
  }
  co_return ok;
}

// Of what is now of the class that it was to have.
Task<void> LifecycleRounds::log_moves(std::string bucket, std::vector<objects::MoveRequest> moves) {
  if (moves.empty()) co_return ok;
  CO_TRY(const objects::Bucket of, objects_.bucket(bucket));
  for (const objects::MoveRequest& move : moves) {
    const Result<objects::Object> moved = objects_.describe({bucket, move.key, move.version});
    if (!moved || moved->entry.storage_class != move.storage_class) continue;
    std::string line =
        lifecycle_line(of, clock_.now(), transition_act(move.storage_class), moved->entry);
    CO_TRY(co_await logs_->note(bucket, std::move(line)));
  }
  co_return ok;
}

Task<void> LifecycleRounds::log_abort(objects::Upload upload) {
  CO_TRY(const objects::Bucket of, objects_.bucket(upload.bucket));
  objects::Entry entry;
  entry.object_key = upload.object_key;
  std::string line = lifecycle_line(of, clock_.now(), kUploadDeleted, entry);
  co_return co_await logs_->note(upload.bucket, std::move(line));
}

void LifecycleRounds::subscribe(store::Timers& timers) {
  timers.on(std::string(kLifecycleTimer),
            [this](store::Timer timer) { return round(std::move(timer)); });
}

Task<void> LifecycleRounds::begin() {
  store::Txn txn = db_.begin();
  bool set = false;
  CO_TRY(txn.each(store::kTimers, {}, [&set](store::Timer& timer) {
    set = timer.kind == kLifecycleTimer;
    return !set;
  }));
  if (set) co_return ok;
  CO_TRY(store::Timers::set(txn, timer_behind(clock_.now())));
  co_return co_await txn.commit();
}

Task<void> LifecycleRounds::save(LifecycleProgress progress) {
  store::Txn txn = db_.begin();
  txn.put(kLifecycleProgress, progress);
  co_return co_await txn.commit();
}

Task<void> LifecycleRounds::round(store::Timer timer) {
  store::Txn txn = db_.begin();
  CO_TRY(const std::optional<LifecycleProgress> begun,
         txn.find(kLifecycleProgress, LifecycleProgress().key()));
  LifecycleProgress at = begun.value_or(LifecycleProgress());
  const Time now = clock_.now();
  bool behind = false;
  for (;;) {
    CO_TRY(std::optional<Next> next, next_bucket(db_, at.bucket, behind));
    if (!next) break;
    if (next->bucket.name != at.bucket) at = {.bucket = next->bucket.name};
    Result<void> walked = co_await walk_versions(at, next->rules, now);
    if (walked && next->rules.look_at_uploads()) {
      walked = co_await walk_uploads(at.bucket, next->rules, now);
    }
    // A bucket that was removed meanwhile has nothing that is due.
    if (!walked && walked.error().kind != ErrorKind::not_found) co_return walked;
    behind = true;
  }
  store::Txn end = db_.begin();
  end.erase(kLifecycleProgress, LifecycleProgress().key());
  CO_TRY(store::Timers::set(end, timer_behind(now)));
  co_return co_await end.commit();
}

Task<void> LifecycleRounds::walk_versions(LifecycleProgress progress, LifecycleRules rules,
                                          Time now) {
  CO_TRY(const objects::Bucket bucket, objects_.bucket(progress.bucket));
  LifecyclePage page(objects_, bucket, rules, now);
  objects::ListVersionsRequest request;
  request.bucket = bucket.name;
  request.after_key = progress.after_key;
  for (bool more = true; more;) {
    CO_TRY(const objects::VersionListing listing, objects_.versions(request));
    for (const objects::ListedVersion& version : listing.versions) {
      CO_TRY(page.see(version.entry));
    }
    more = listing.truncated;
    if (!more) CO_TRY(page.finish());
    CO_TRY(co_await carry_out(bucket.name, page.take()));
    request.after_key = listing.last_key;
    request.after_version = listing.last_version;
    if (!more || page.done_key() == progress.after_key) continue;
    progress.after_key = page.done_key();
    CO_TRY(co_await save(progress));
  }
  co_return ok;
}

Task<void> LifecycleRounds::walk_uploads(std::string bucket, LifecycleRules rules, Time now) {
  objects::ListUploadsRequest request;
  request.bucket = std::move(bucket);
  for (bool more = true; more;) {
    CO_TRY(const objects::UploadListing listing, objects_.uploads(request));
    for (const objects::Upload& upload : listing.uploads) {
      if (!plan_abort(rules, upload.object_key, upload.started, now)) continue;
      objects::ObjectId id{upload.bucket, upload.object_key, {}};
      const Result<void> aborted = co_await objects_.abort_upload(std::move(id), upload.id);
      if (!aborted && aborted.error().kind != ErrorKind::not_found) co_return aborted;
      if (aborted && is_logged(upload.bucket)) CO_TRY(co_await log_abort(upload));
    }
    more = listing.truncated;
    request.after_key = listing.last_key;
    request.after_upload = listing.last_upload;
  }
  co_return ok;
}

}  // namespace millrace::s3
