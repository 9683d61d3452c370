#include "services/sagemaker/listing.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {

// DIVERGES: WarmPoolStatusEquals is not looked at; there are no warm pools.
Task<ListTrainingJobsResponse> list_training_jobs(Sagemaker& sm, wire::Call& call,
                                                  ListTrainingJobsRequest in) {
  CO_TRY(const auto page, list_rows(sm, call.realm, kTrainingJobs, in));
  auto out = call.make<ListTrainingJobsResponse>();
  const auto jobs = out.make_training_job_summaries();
  for (const TrainingJob& row : page.rows) {
    const api::TrainingJobSummary job = jobs.append();
    job.set_training_job_name(row.name);
    job.set_training_job_arn(row.arn);
    job.set_creation_time(row.created);
    job.set_last_modified_time(row.modified);
    if (row.training_ended != Time{}) job.set_training_end_time(row.training_ended);
    job.set_training_job_status(row.status);
    job.set_secondary_status(row.secondary);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
