#include "engines/ml/algorithms/factorization_machines/warm_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/archive.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr std::string_view kArtefactName = "model_algo-1";

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorKind::invalid,
              fmt::format("The channel '{}' holds no model to go on from: {}", kModelChannel, why));
}

// The artefact's path: where it lies, or where it was unpacked to.
Result<runtime::Path> find_artefact(const TrainingJob& job) {
  const runtime::Path folder = job.data / kModelChannel;
  for (const std::string& name : job.channels.at(std::string(kModelChannel))) {
    const runtime::Path path = folder / name;
    if (path.filename() == kArtefactName) return path;
    if (!name.ends_with(".tar.gz")) continue;
    TRY(job.disk.remove_tree(job.scratch));
    TRY(job.disk.make_directories(job.scratch));
    if (Result<void> unpacked = extract_tar_gz(job.disk, path, job.scratch); !unpacked) {
      if (unpacked.error().kind != ErrorKind::invalid) return fail(std::move(unpacked).error());
      return refuse(fmt::format("{}: {}", name, unpacked.error().message));
    }
    return job.scratch / kArtefactName;
  }
  return refuse("there is neither model.tar.gz nor model_algo-1 in it");
}

Result<Model> read_earlier(const TrainingJob& job) {
  TRY(const runtime::Path path, find_artefact(job));
  auto file = job.disk.open(path, runtime::OpenMode::read);
  if (!file) {
    if (file.error().kind != ErrorKind::not_found) return fail(std::move(file).error());
    return refuse("the archive has no model_algo-1");
  }
  Result<Model> model = read_artefact(**file, 2 * kModelBytesMax);
  TRY(job.disk.remove_tree(job.scratch));  // A job's disk may be small.
  if (!model && model.error().kind == ErrorKind::invalid) return refuse(model.error().message);
  return model;
}

}  // namespace

Result<void> continue_from(const TrainingJob& job, Model& model) {
  TRY(const Model earlier, read_earlier(job));
  if (earlier.type() != model.type()) return refuse("it is of the other predictor_type");
  if (!earlier.fields.empty()) return refuse("it is field-aware, which cannot be gone on from");
  if (earlier.num_factors() != model.num_factors()) {
    return refuse(fmt::format("its num_factors is {}, that of this job {}", earlier.num_factors(),
                              model.num_factors()));
  }
  if (earlier.feature_dim() > model.feature_dim()) {
    return refuse(fmt::format("its feature_dim is {}, more than that of this job, {}",
                              earlier.feature_dim(), model.feature_dim()));
  }
  model.bias = earlier.bias;
  for (uint64_t feature = 0; feature < earlier.feature_dim(); ++feature) {
    model.linear(feature) = earlier.linear(feature);
    std::copy_n(earlier.row(feature), earlier.num_factors(), model.row(feature));
  }
  job.log.info(fmt::format("Going on from an earlier model of {} features", earlier.feature_dim()));
  return ok;
}

}  // namespace millrace::ml::factorization_machines
