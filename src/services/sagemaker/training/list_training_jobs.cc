#include "services/sagemaker/listing.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {

// DIVERGES: WarmPoolStatusEquals is not looked at; there are no warm pools.
Task<ListTrainingJobsResponse> list_training_jobs(Sagemaker& sm, wire::Call& call,
                                                  ListTrainingJobsRequest in) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::vector<TrainingJob> rows,
         txn.scan(kTrainingJobs, {.prefix = store::key_prefix(call.realm)}));
  std::vector<Listed> listed;
  for (const TrainingJob& row : rows) {
    listed.push_back({.name = row.name,
                      .created = row.created,
                      .modified = row.modified,
                      .status = row.status,
                      .index = listed.size()});
  }
  CO_TRY(const ListPage page, list_page(std::move(listed), list_request(in)));
  auto out = call.make<ListTrainingJobsResponse>();
  const auto jobs = out.make_training_job_summaries();
  for (const size_t i : page.indices) {
    const api::TrainingJobSummary job = jobs.append();
    job.set_training_job_name(rows[i].name);
    job.set_training_job_arn(rows[i].arn);
    job.set_creation_time(rows[i].created);
    job.set_last_modified_time(rows[i].modified);
    if (rows[i].training_ended != Time{}) job.set_training_end_time(rows[i].training_ended);
    job.set_training_job_status(rows[i].status);
    job.set_secondary_status(rows[i].secondary);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
