#include "runtime/clock.h"
#include "services/s3/restore/restore_run.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// AWS: 202 begins a restore, 200 counts the days of a copy anew; see restore_object.test.
Task<RestoreObjectOutput> restore_object(S3& s3, wire::Call& call, RestoreObjectRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  if (!in.has_restore_request()) co_return fail(problem(Problem::malformed_xml));
  const api::RestoreRequest wanted = in.restore_request();
  if (wanted.has_type() || wanted.has_select_parameters() || wanted.has_output_location()) {
    co_return fail(
        not_implemented("A restore that selects (Type, SelectParameters, "
                        "OutputLocation)"));
  }
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  const objects::Entry& entry = object->entry;
  RestoreAsked asked{wanted.tier(), std::nullopt};
  if (wanted.has_glacier_job_parameters()) asked.tier = wanted.glacier_job_parameters().tier();
  if (wanted.has_days()) asked.days = wanted.days();
  CO_TRY(const RestorePlan plan, plan_restore(entry, asked, s3.clock.now()));
  objects::RestoreChange change;
  change.id = {id.bucket, id.key, objects::version_name(entry)};
  change.sequence = entry.sequence;
  change.before = entry.restore;
  change.after = plan.restore;
  change.silent = plan.prolongs;
  change.timer = restore_timer(entry, plan.prolongs ? plan.restore.until : plan.restore.ready);
  objects::Cause cause = cause_of(call, "RestoreObject");
  CO_TRY(co_await s3.objects.set_restore(std::move(change), std::move(cause)));
  auto out = call.make<RestoreObjectOutput>();
  call.response_status = plan.prolongs ? 200 : 202;
  co_return out;
}

}  // namespace millrace::s3
