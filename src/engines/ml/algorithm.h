// What a built-in algorithm is: a name, the images that designate it, its tables, and two
// functions. The list of all of them is algorithms.cc.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engines/ml/channel.h"
#include "engines/ml/hyperparameters.h"
#include "engines/ml/job_log.h"
#include "engines/ml/metrics.h"
#include "engines/ml/recommendation.h"
#include "engines/ml/rows.h"
#include "engines/ml/stored_files.h"
#include "runtime/disk.h"

namespace millrace::ml {

// One run of an algorithm. Channels exist and have files, or are pipes.
struct TrainingJob {
  runtime::Disk& disk;
  runtime::Path data;                                        // The channels' folders are below it.
  runtime::Path model;                                       // The folder for the artefact; exists.
  runtime::Path scratch;                                     // A folder that may be made.
  std::map<std::string, std::vector<std::string>> channels;  // Name to files.
  std::map<std::string, ExampleFormat> formats;              // By channel; recordIO without.
  std::set<std::string> pipes;                               // Channels that are pipes: no files.
  std::set<std::string> streamed;                            // Channels whose files are `stored`.
  StoredFiles* stored = nullptr;
  std::map<std::string, std::string> given;  // The hyperparameters as given.
  HyperparameterValues hyperparameters;
  JobLog& log;
  std::stop_token stop;  // Ends the training early; the model so far is kept.

  Channel open(const std::string& channel, RowRules rules) const {
    const auto found = formats.find(channel);
    const ExampleFormat format = found == formats.end() ? ExampleFormat() : found->second;
    if (pipes.contains(channel)) return Channel::of_pipes(disk, channel, data, rules, format);
    if (streamed.contains(channel)) {
      return Channel::of_stored(disk, *stored, channel, channels.at(channel), rules, format);
    }
    return Channel(disk, channel, data / channel, channels.at(channel), rules, format);
  }
};

struct Prediction {
  float score = 0;
  std::optional<float> predicted_label;  // Of classifiers.
};

// A trained model that answers. Thread-safe.
class Predictor {
 public:
  virtual ~Predictor() = default;
  virtual uint64_t feature_dim() const = 0;
  // Replaces `predictions`; one for each row.
  virtual void predict(const RowBatch& rows, std::vector<Prediction>& predictions) const = 0;
  // What answers requests for the best items; nullptr where the model has no item table.
  virtual const Recommender* recommender() const { return nullptr; }
};

struct Algorithm {
  std::string_view name;
  // Repositories of SageMaker's registries, whatever the account and the region.
  std::span<const std::string_view> repositories;
  std::span<const Hyperparameter> hyperparameters;
  std::span<const MetricDefinition> metrics;
  std::span<const std::string_view> channels;  // The first one is required.
  std::string_view model_channel = {};         // The one of an earlier model; or none.
  // Of training data, on AWS. Those of example_format.h are taken as well.
  std::span<const std::string_view> content_types;
  // Channels that hold tables in JSON Lines, not examples (item_table.h). Among `channels`.
  std::span<const std::string_view> table_channels = {};

  // Trains and writes the artefact. Errors: invalid (the user's data or hyperparameters), others.
  Result<void> (*train)(const TrainingJob& job) = nullptr;
  // Loads the artefact of a model folder. Errors: not_found, invalid, unsupported, exhausted.
  Result<std::unique_ptr<Predictor>> (*load)(runtime::Disk& disk,
                                             const runtime::Path& folder) = nullptr;
};

}  // namespace millrace::ml
