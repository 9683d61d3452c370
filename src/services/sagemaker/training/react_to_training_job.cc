#include <fmt/format.h>

#include "engines/ml/archive.h"
#include "services/sagemaker/documents.h"
#include "services/sagemaker/training/channel_data.h"
#include "services/sagemaker/training/prepare_training.h"

namespace millrace::sagemaker {
namespace {

Task<void> try_advance(Sagemaker& sm, TrainingJob job, std::string status, std::string secondary) {
  store::Txn txn = sm.db.begin();
  CO_TRY(TrainingJob current, txn.get(kTrainingJobs, job.key()));
  if (current.secondary != job.secondary) co_return ok;  // Somebody else has moved it on.
  move_to(current, status, secondary, sm.clock.now());
  if (secondary == "Training") current.training_started = sm.clock.now();
  put_training_job(txn, current, sm.clock.now());
  co_return co_await txn.commit();
}

Task<void> advance(Sagemaker& sm, TrainingJob job, std::string_view status,
                   std::string_view secondary) {
  const std::string to(status), with(secondary);
  const auto step = [&] { return try_advance(sm, job, to, with); };
  co_return co_await runtime::repeat<void>(sm.clock, step);
}

Task<void> fail_job(Sagemaker& sm, TrainingJob::Key job, std::string reason) {
  if (!reason.starts_with("ClientError")) reason = "InternalServerError: " + reason;
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<TrainingJob> found, txn.find(kTrainingJobs, job));
  if (!found || found->ended()) co_return ok;
  TrainingJob& current = *found;
  current.failure_reason = reason.substr(0, kReasonMax);
  move_to(current, kTrainingFailed, "Failed", sm.clock.now());
  put_training_job(txn, current, sm.clock.now());
  co_return co_await txn.commit();
}

std::unexpected<Error> download_failed(const Error& error) {
  return fail(error.kind, fmt::format("{}Data download failed: {}",
                                      is_final(error.kind) ? "ClientError: " : "", error.message));
}

// Tells the program which objects its channels are.
Task<void> list_streamed(Sagemaker& sm, TrainingJob job, CreateTrainingJobRequest in,
                         std::vector<std::pair<std::string, InputSource>> channels) {
  Result<std::string> listed =
      co_await stored_channels_json(sm, job, std::string(in.role_arn()), std::move(channels));
  if (!listed) co_return download_failed(listed.error());
  const runtime::Path file = folder_of(sm, job) / "input/config/storedchannels.json";
  const auto write = [&] { return runtime::write_file_durably(sm.disk, file, *listed); };
  co_return co_await repeat_on_pool<void>(sm, write);
}

Task<void> download_and_start(Sagemaker& sm, TrainingJob job, CreateTrainingJobRequest in) {
  CO_TRY(PreparedTraining prepared, prepare_training(sm, job, in));
  // An attempt that died behind start() has left a job that runs in the folder.
  if (co_await sm.jobs.status(prepared.spec.id)) co_return ok;
  const runtime::Path folder = folder_of(sm, job);
  CO_TRY(co_await make_training_folders(sm, folder, prepared));
  for (const auto& [name, source] : prepared.channels) {
    const auto got = co_await download_input(storage_as(sm, job.realm.account, in.role_arn()),
                                             source, folder / "input/data" / name);
    if (!got) {
      const std::string what = fmt::format("channel {}: {}", name, got.error().message);
      co_return download_failed(Error{.kind = got.error().kind, .message = what});
    }
  }
  if (!prepared.streamed.empty()) CO_TRY(co_await list_streamed(sm, job, in, prepared.streamed));
  const auto start = [&] { return sm.jobs.start(prepared.spec); };
  co_return co_await runtime::repeat<void>(sm.clock, start);
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
    std::string kms_key(in.output_data_config().kms_key_id());
    const auto pack = [&]() -> Result<bool> {
      TRY(const auto entries, sm.disk.list(from));
      if (entries.empty() && name != "model.tar.gz") return false;
      TRY(sm.disk.remove_tree(archive));
      TRY(ml::create_tar_gz(sm.disk, from, archive));
      return true;
    };
    CO_TRY(const bool packed, co_await repeat_on_pool<bool>(sm, pack));
    if (!packed) continue;
    Result<void> stored = co_await upload(storage_as(sm, job.realm.account, in.role_arn()), archive,
                                          output_of(job, *base, name), std::move(kms_key));
    if (!stored && is_final(stored.error().kind)) {
      co_return fail(stored.error().kind,
                     "ClientError: Artifact upload failed: " + std::move(stored).error().message);
    }
    CO_TRY(std::move(stored));
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
  const auto remove = [&] { return sm.disk.remove_tree(folder); };
  CO_TRY(co_await repeat_on_pool<void>(sm, remove));
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
  if (done || !is_final(done.error().kind)) co_return done;  // The bus tries again.
  co_return co_await fail_job(sm, job->key(), done.error().message);
}

Task<void> give_up_training_job(Sagemaker& sm, Realm realm, std::string name, Error reason) {
  TrainingJob::Key job{std::move(realm), std::move(name)};
  co_return co_await fail_job(sm, std::move(job), std::move(reason.message));
}

}  // namespace millrace::sagemaker
