#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/automatic_ranking.h"
#include "engines/ml/algorithms/factorization_machines/baselines.h"
#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"
#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"
#include "engines/ml/algorithms/factorization_machines/recommender.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"
#include "engines/ml/algorithms/factorization_machines/warm_start.h"
#include "engines/ml/limits.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint64_t kBatchesPerLine = 500;  // Between two lines of measures within an epoch.
constexpr size_t kHeldOutPart = 10;        // One row of so many is held out.
constexpr uint64_t kThreadsMax = 64;

void log_all(JobLog& log, const std::string& stage, const Measures& measures) {
  for (const Measure& measure : measures.all()) log.quality(stage, measure);
}

std::unexpected<Error> no_record(std::string_view channel) {
  return fail(ErrorKind::invalid,
              fmt::format("The channel '{}' has files, but no record in them", channel));
}

// Prints what SageMaker prints, and ends a training that no longer gets better.
class LoggedProgress final : public Progress {
 public:
  LoggedProgress(const TrainingJob& job, const Settings& settings)
      : job_(job), settings_(settings), begin_(job.log.now()), last_(settings.type) {}

  void watch(const RowBatch* validation, const RankingValidation* ranking) {
    if (validation != nullptr) {
      watch_.emplace(*validation, settings_.early_stopping, ranking);
    }
  }

  void batch(uint64_t epoch, uint64_t batch, const Measures& so_far) override {
    if (batch % kBatchesPerLine != 0) return;
    log_all(job_.log, fmt::format("epoch={}, batch={} train", epoch, batch), so_far);
  }

  bool epoch(uint64_t epoch, const Measures& train, const Model& model) override {
    last_ = train;
    records_ += train.rows();
    if (train.rows() > 0) log_all(job_.log, fmt::format("epoch={}, train", epoch), train);
    job_.log.progress(epoch + 1, settings_.epochs);
    const std::chrono::duration<double> spent = job_.log.now() - begin_;
    if (spent.count() > 0) job_.log.throughput(static_cast<double>(records_) / spent.count());
    if (job_.stop.stop_requested()) return false;
    if (train.rows() == 0) return false;
    if (!watch_) return true;
    const Measures measures = watch_->measure(model);
    log_all(job_.log, fmt::format("epoch={}, validation", epoch), measures);
    if (watch_->goes_on(epoch, measures, model)) return true;
    job_.log.info(
        fmt::format("Stopping early: the best epoch was {}, and {} after it were no "
                    "better",
                    watch_->best_epoch(), *settings_.early_stopping));
    return false;
  }

  void note(std::string_view text) override { job_.log.info(text); }

  const Measures& last() const { return last_; }
  std::optional<ValidationWatch>& validation() { return watch_; }

 private:
  const TrainingJob& job_;
  const Settings& settings_;
  const Time begin_;
  Measures last_;
  uint64_t records_ = 0;
  std::optional<ValidationWatch> watch_;
};

class Trainer {
 public:
  Trainer(const TrainingJob& job, const Settings& settings)
      : job_(job),
        settings_(settings),
        rules_{.feature_dim = settings.feature_dim,
               .label = settings.type == PredictorType::regressor ? LabelRule::number
                                                                  : LabelRule::zero_one},
        model_(settings.type, settings.feature_dim, settings.num_factors) {}

  Result<void> run() {
    TRY(keep_tables());
    initialize(model_, settings_);
    const bool continued = job_.channels.contains(std::string(kModelChannel));
    if (continued) TRY(continue_from(job_, model_));
    ChannelAhead channel(job_.open("train", rules_));
    ChannelSource streamed(channel, kKeptBytesMax);
    TRY(read_memory(channel));
    std::optional<RowsSource> rows;
    if (memory_) rows.emplace(*memory_);
    ObservedSource source(rows ? static_cast<ExampleSource&>(*rows) : streamed);
    LoggedProgress progress(job_, settings_);
    std::optional<RankingValidation> ranking;
    ranks_ = ranks(settings_.solver) || (settings_.solver == Solver::automatic && memory_ &&
                                         is_implicit_feedback(*memory_, settings_));
    if (ranks_ && memory_ && validation_) {
      TRY(ranking, RankingValidation::make(*memory_, *validation_, settings_));
    }
    progress.watch(validation_ ? &*validation_ : nullptr, ranking ? &*ranking : nullptr);
    const Training training{.settings = settings_,
                            .source = source,
                            .memory = memory_ ? &*memory_ : nullptr,
                            .validation = validation_ ? &*validation_ : nullptr,
                            .progress = progress,
                            .stop = job_.stop,
                            .threads = threads(),
                            .continued = continued,
                            .ranks_items = tables().items != nullptr};
    TRY(solve(training, model_));
    if (progress.last().rows() == 0 && !job_.stop.stop_requested()) return no_record("train");
    if (job_.stop.stop_requested()) job_.log.info("Stopping early, as asked; the model is kept");
    if (progress.validation()) progress.validation()->restore(model_);
    log_all(job_.log, "train", progress.last());
    TRY(evaluate(source.labels(), streamed, ranking ? &*ranking : nullptr));
    return save();
  }

 private:
  static unsigned threads() {
    return static_cast<unsigned>(std::min<uint64_t>(runtime::free_cores(), kThreadsMax));
  }

  // What a solver wants in memory, and what is held out.
  Result<void> read_memory(ChannelAhead& channel) {
    ExamplePlaces held_places;
    if (job_.channels.contains("validation")) {
      ChannelAhead held(job_.open("validation", rules_));
      TRY(validation_, read_rows(held, kMemoryBytesMax));
      if (!validation_) {
        return fail(ErrorKind::invalid,
                    fmt::format("The channel 'validation' has more records than fit into {} bytes",
                                kMemoryBytesMax));
      }
      if (validation_->empty()) return no_record("validation");
      held_places = held.places();
    }
    if (settings_.solver == Solver::adam && !settings_.early_stopping) return ok;
    TRY(memory_, read_rows(channel, streams(settings_.solver) ? kKeptBytesMax : kMemoryBytesMax));
    ExamplePlaces places;
    if (memory_) places = channel.places();
    channel.rewind();
    if (memory_ && memory_->empty()) return no_record("train");
    if (memory_ && ranks(settings_.solver)) TRY(check_implicit(places, held_places));
    if (!memory_) {
      if (settings_.early_stopping && !validation_) {
        return fail(ErrorKind::invalid,
                    "early_stopping needs the channel 'validation' when the examples do not fit "
                    "into memory");
      }
      return ok;
    }
    if (settings_.early_stopping && !validation_ && memory_->size() >= kHeldOutPart) {
      validation_ = hold_out(*memory_, kHeldOutPart);
    }
    if (settings_.solver == Solver::sgd || settings_.solver == Solver::adagrad) {
      memory_ = shuffled(*memory_, settings_.seed);
    }
    return ok;
  }

  // While it is known where each example was read.
  Result<void> check_implicit(const ExamplePlaces& places, const ExamplePlaces& held_places) const {
    TRY(const std::vector<uint64_t> fields, find_fields(*memory_, settings_, places));
    TRY(check_examples(*memory_, fields, settings_.feature_dim, places));
    if (!validation_) return ok;
    return check_examples(*validation_, fields, settings_.feature_dim, held_places);
  }

  // The measures of the channels that the model did not learn from, and baselines beside them.
  Result<void> evaluate(const LabelMean& seen, const ChannelSource& streamed,
                        const RankingValidation* ranking) {
    const bool held_out = job_.channels.contains("validation");
    const bool tested = job_.channels.contains("test");
    if (!held_out && !tested) return ok;
    std::vector<const RowBatch*> rows;
    if (!ranks_) {
      rows = memory_ ? std::vector<const RowBatch*>{&*memory_} : streamed.kept();
    }
    const Baselines baselines(settings_, memory_ ? evaluation::mean_label(*memory_) : seen.mean(),
                              rows);
    if (ranking != nullptr && held_out) {
      log_baselines(job_.log, "validation", ranking->measure(model_),
                    {{"popularity", ranking->measure_popularity()}});
    } else if (held_out) {
      validate(baselines);
    }
    if (tested) TRY(score(baselines));
    if (!baselines.left_out().empty() && !ranks_) {
      job_.log.info("Ridge is left out of the baselines: " + baselines.left_out());
    }
    return ok;
  }

  void validate(const Baselines& baselines) {
    Measures measures(settings_.type);
    Baselines::Scores beside(baselines);
    for (size_t at = 0; at < validation_->size(); ++at) {
      measures.add(predict(model_.view(), validation_->row(at)), validation_->label(at));
      beside.add(validation_->row(at), validation_->label(at));
    }
    log_baselines(job_.log, "validation", measures, beside.all());
  }

  Result<void> score(const Baselines& baselines) {
    ChannelAhead channel(job_.open("test", rules_));
    Measures measures(settings_.type);
    Baselines::Scores beside(baselines);
    for (;;) {
      TRY(channel.read(settings_.mini_batch_size, batch_));
      if (batch_.empty()) break;
      for (size_t i = 0; i < batch_.size(); ++i) {
        const float raw = predict(model_.view(), batch_.row(i));
        if (!std::isfinite(raw)) return diverged(settings_.epochs - 1, 0);
        measures.add(raw, batch_.label(i));
        beside.add(batch_.row(i), batch_.label(i));
      }
    }
    if (measures.rows() == 0) return no_record("test");
    for (const Measure& measure : measures.all()) job_.log.test_score(measure);
    log_all(job_.log, "test", measures);
    if (ranks_) return rank_test();
    log_baselines(job_.log, "test", measures, beside.all());
    return ok;
  }

  // What a model that learns from implicit feedback is for, beside what everybody buys.
  Result<void> rank_test() {
    if (job_.pipes.contains("test")) {
      job_.log.info("The channel 'test' is not ranked: a pipe is read once");
      return ok;
    }
    ChannelAhead channel(job_.open("test", rules_));
    TRY(const std::optional<RowBatch> rows, read_rows(channel, kKeptBytesMax));
    if (!rows || !memory_) {
      job_.log.info("The channel 'test' is not ranked: its examples do not fit into memory");
      return ok;
    }
    const Result<RankingValidation> ranking = RankingValidation::make(*memory_, *rows, settings_);
    if (!ranking) {
      job_.log.info("The channel 'test' is not ranked: " + ranking.error().message);
      return ok;
    }
    const Measures model = ranking->measure(model_);
    log_baselines(job_.log, "test", model,
                  {{"model", model}, {"popularity", ranking->measure_popularity()}});
    return ok;
  }

  Result<void> save() {
    // The last step may have gone too far without a batch that shows it.
    bool finite = std::isfinite(model_.bias);
    for (uint64_t feature = 0; feature < model_.feature_dim(); ++feature) {
      const float* row = model_.row(feature);
      finite &= std::isfinite(model_.linear(feature));
      for (uint32_t f = 0; f < model_.num_factors(); ++f) finite &= std::isfinite(row[f]);
    }
    if (!finite) return diverged(settings_.epochs - 1, 0);
    return save_artefact(job_.disk, job_.model / "model_algo-1", model_, job_.given);
  }

  // What is wrong with the tables is said before the training.
  Result<void> keep_tables() {
    const TableFiles files = tables();
    const bool field_aware = settings_.solver == Solver::adagrad && !settings_.fields.empty();
    if (files.items != nullptr && field_aware) {
      return fail(ErrorKind::unsupported,
                  "The channel 'items' is not supported for field-aware models (solver adagrad "
                  "with 'fields')");
    }
    return save_tables(job_.disk, files, settings_.feature_dim, job_.model);
  }

  TableFiles tables() const {
    const auto files = [&](const std::string& channel) {
      const auto found = job_.channels.find(channel);
      return found == job_.channels.end() ? nullptr : &found->second;
    };
    return {.folder = job_.data, .items = files("items"), .users = files("users")};
  }

  const TrainingJob& job_;
  const Settings& settings_;
  RowRules rules_;
  Model model_;
  std::optional<RowBatch> memory_;
  std::optional<RowBatch> validation_;
  RowBatch batch_;
  bool ranks_ = false;  // The model is to rank items: of implicit feedback.
};

}  // namespace

Result<void> train(const TrainingJob& job) {
  TRY(const Settings settings, read_settings(job.hyperparameters));
  return Trainer(job, settings).run();
}

}  // namespace millrace::ml::factorization_machines
