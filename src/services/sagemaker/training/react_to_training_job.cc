#include <fmt/format.h>

#include "engines/ml/archive.h"
#include "services/sagemaker/documents.h"
#include "services/sagemaker/training/prepare_training.h"

namespace millrace::sagemaker {
namespace {

constexpr size_t kReasonMax = 1024;  // AWS: of FailureReason.

Task<void> advance(Sagemaker& sm, TrainingJob job, std::string_view status,
                   std::string_view secondary) {
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job.key()));
  if (current.secondary != job.secondary) co_return ok;  // Somebody else has moved it on.
  move_to(current, status, secondary, sm.clock.now());
  if (secondary == "Training") current.training_started = sm.clock.now();
  put_training_job(txn, current, sm.clock.now());
  co_return co_await txn.commit();
}

Task<void> fail_job(Sagemaker& sm, TrainingJob job, std::string reason) {
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job.key()));
  if (current.ended()) co_return ok;
  current.failure_reason = reason.substr(0, kReasonMax);
  move_to(current, kTrainingFailed, "Failed", sm.clock.now());
  put_training_job(txn, current, sm.clock.now());
  co_return co_await txn.commit();
}

Task<void> download_and_start(Sagemaker& sm, TrainingJob job, CreateTrainingJobRequest in) {
  CO_TRY(PreparedTraining prepared, prepare_training(sm, job, in));
  // An attempt that died behind start() has left a job that runs in the folder.
  if (co_await sm.jobs.status(prepared.spec.id)) co_return ok;
  const runtime::Path folder = folder_of(sm, job);
  auto make = [&] { return make_training_folders(sm.disk, folder, prepared); };
  CO_TRY(co_await sm.pool.run(make));
  for (const auto& [name, uri] : prepared.channels) {
    const auto got =
        co_await download(storage_of(sm), job.realm.account, uri, folder / "input/data" / name);
    if (!got) {
      co_return fail(got.error().kind,
                     fmt::format("ClientError: Data download failed: channel {}: {}", name,
                                 got.error().message));
    }
  }
  co_return co_await sm.jobs.start(std::move(prepared.spec));
}

// AWS: model/ becomes output/model.tar.gz, output/data/ becomes output/output.tar.gz where the
// program left something there.
Task<void> upload_results(Sagemaker& sm, TrainingJob job, CreateTrainingJobRequest in) {
  const auto base = parse_s3_uri(in.output_data_config().s3_output_path());
  if (!base) co_return fail(ErrorKind::invalid, "ClientError: the S3 output path is none");
  const runtime::Path folder = folder_of(sm, job);
  const std::pair<runtime::Path, std::string> results[] = {
      {folder / "model", "model.tar.gz"}, {folder / "output/data", "output.tar.gz"}};
  for (const auto& [from, name] : results) {
    const runtime::Path archive = folder / "tmp" / name;
    auto pack = [&]() -> Result<bool> {
      TRY(const auto entries, sm.disk.list(from));
      if (entries.empty() && name != "model.tar.gz") return false;
      TRY(sm.disk.remove_tree(archive));
      TRY(ml::create_tar_gz(sm.disk, from, archive));
      return true;
    };
    CO_TRY(const bool packed, co_await sm.pool.run(pack));
    if (!packed) continue;
    CO_TRY(
        co_await upload(storage_of(sm), job.realm.account, archive, output_of(job, *base, name)));
  }
  co_return ok;
}

Task<void> stop_process(Sagemaker& sm, TrainingJob job) {
  const Result<void> told = co_await sm.jobs.stop(std::string(kTrainingIdPrefix) + job.tag);
  if (told || told.error().kind != ErrorKind::not_found) co_return told;
  co_return co_await advance(sm, std::move(job), kStopped, "Stopped");  // It never ran.
}

// Nothing of an ended job is needed but its row.
Task<void> clean_up(Sagemaker& sm, TrainingJob job) {
  const runtime::Path folder = folder_of(sm, job);
  auto remove = [&] { return sm.disk.remove_tree(folder); };
  CO_TRY(co_await sm.pool.run(remove));
  co_return co_await sm.jobs.remove(std::string(kTrainingIdPrefix) + job.tag);
}

Task<void> work(Sagemaker& sm, TrainingJob job, CreateTrainingJobRequest in) {
  if (job.secondary == "Starting") {
    co_return co_await advance(sm, std::move(job), kInProgress, "Downloading");
  }
  if (job.secondary == "Downloading") {
    CO_TRY(co_await download_and_start(sm, job, in));
    co_return co_await advance(sm, std::move(job), kInProgress, "Training");
  }
  if (job.secondary == "Stopping") co_return co_await stop_process(sm, std::move(job));
  if (job.secondary == "Uploading") {
    CO_TRY(co_await upload_results(sm, job, in));
    const bool stopped = !job.stop_reason.empty();
    const std::string last = stopped ? job.stop_reason : "Completed";
    co_return co_await advance(sm, std::move(job), stopped ? kStopped : kCompleted, last);
  }
  co_return ok;
}

}  // namespace

Task<void> react_to_training_job(Sagemaker& sm, Realm realm, std::string name) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<TrainingJob> job, txn.find(kTrainingJobs, {realm, name}));
  if (!job) co_return ok;
  if (job->ended()) co_return co_await clean_up(sm, *job);
  Arena arena;
  wire::Call call(arena);
  CO_TRY(const CreateTrainingJobRequest in,
         read_document<CreateTrainingJobRequest>(call, job->document));
  const Result<void> done = co_await work(sm, *job, in);
  if (done || done.error().kind == ErrorKind::conflict) co_return done;  // The bus tries again.
  std::string reason = done.error().message;
  if (!reason.starts_with("ClientError")) reason = "InternalServerError: " + reason;
  co_return co_await fail_job(sm, *job, std::move(reason));
}

}  // namespace millrace::sagemaker
