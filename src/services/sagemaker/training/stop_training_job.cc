#include <fmt/format.h>

#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {

// AWS: stopping a job that has ended is refused, not ignored. See stop_training_job.test.
Task<void> stop_training_job(Sagemaker& sm, wire::Call& call, StopTrainingJobRequest in) {
  const std::string name(in.training_job_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<TrainingJob> job, txn.find(kTrainingJobs, {call.realm, name}));
  if (!job) co_return fail(errors::resource_not_found("Requested resource not found."));
  if (job->status == kStopping) co_return ok;
  if (job->ended()) {
    co_return fail(errors::validation(fmt::format(
        "The request was rejected because the training job is in status {}.", job->status)));
  }
  job->stop_reason = "Stopped";
  move_to(*job, kStopping, "Stopping", sm.clock.now());
  put_training_job(txn, *job, sm.clock.now());
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
