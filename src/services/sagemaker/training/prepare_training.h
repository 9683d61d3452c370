// Preparation: what a training job's program finds below /opt/ml, and the spec that runs it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/sagemaker/training/input_source.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {

struct PreparedTraining {
  jobs::JobSpec spec;
  std::vector<std::pair<std::string, InputSource>> channels;  // To copy: name and where it is.
  std::vector<std::pair<std::string, InputSource>> streamed;  // To be read where it is.
  std::vector<std::pair<std::string, std::string>> config;    // File and content.
};

// From the Create request of the job. Errors: invalid (a channel that is no S3 URI).
Result<PreparedTraining> prepare_training(const Sagemaker& sm, const TrainingJob& job,
                                          const CreateTrainingJobRequest& in);
// Makes the job's folders and configuration files, in place of what an interrupted attempt left.
// Errors: those of Disk.
Task<void> make_training_folders(Sagemaker& sm, runtime::Path folder, PreparedTraining prepared);

}  // namespace millrace::sagemaker
