#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/algorithms/factorization_machines/solver.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr uint64_t kBatchesPerLine = 500;  // Between two lines of measures within an epoch.

struct Settings {
  PredictorType type = PredictorType::regressor;
  uint64_t feature_dim = 0;
  uint32_t num_factors = 0;
  uint64_t epochs = 1;
  size_t mini_batch_size = 1000;
  SolverSettings solver;
};

Result<TermSettings> term_settings(const HyperparameterValues& values, std::string_view term) {
  const auto name = [&](std::string_view suffix) { return fmt::format("{}_{}", term, suffix); };
  TermSettings settings;
  settings.learning_rate = values.real(name("lr"));
  settings.weight_decay = values.real(name("wd"));
  const std::string& method = values.choice(name("init_method"));
  std::string argument = name("init_sigma");
  if (method == "uniform") {
    settings.initializer.method = Initializer::Method::uniform;
    argument = name("init_scale");
  } else if (method == "constant") {
    settings.initializer.method = Initializer::Method::constant;
    argument = name("init_value");
  }
  const std::optional<double> given = values.optional_real(argument);
  if (!given) {
    return fail(ErrorKind::invalid,
                fmt::format("No value(s) were specified for '{}' which are required "
                            "hyperparameter(s) when {} is {} (caused by ValidationError)",
                            argument, name("init_method"), method));
  }
  settings.initializer.argument = *given;
  return settings;
}

Result<Settings> read_settings(const HyperparameterValues& values) {
  Settings settings;
  settings.type = values.choice("predictor_type") == "regressor" ? PredictorType::regressor
                                                                 : PredictorType::binary_classifier;
  settings.feature_dim = static_cast<uint64_t>(values.integer("feature_dim"));
  settings.num_factors = static_cast<uint32_t>(values.integer("num_factors"));
  settings.epochs = static_cast<uint64_t>(values.integer("epochs"));
  settings.mini_batch_size = static_cast<size_t>(values.integer("mini_batch_size"));
  TRY(settings.solver.bias, term_settings(values, "bias"));
  TRY(settings.solver.linear, term_settings(values, "linear"));
  TRY(settings.solver.factors, term_settings(values, "factors"));
  settings.solver.epsilon = values.optional_real("eps").value_or(settings.solver.epsilon);
  settings.solver.clip_gradient = values.optional_real("clip_gradient");
  settings.solver.rescale_gradient = values.optional_real("rescale_grad");
  settings.solver.seed = static_cast<uint64_t>(values.integer("seed"));
  // By division: feature_dim x num_factors may be beyond 64 bits.
  const uint64_t row_bytes = (uint64_t{settings.num_factors} + 4) * sizeof(float);
  if (settings.feature_dim > kModelBytesMax / row_bytes) {
    return fail(ErrorKind::invalid,
                fmt::format("A model of feature_dim {} and num_factors {} is larger than {} bytes, "
                            "the most that is supported",
                            settings.feature_dim, settings.num_factors, kModelBytesMax));
  }
  return settings;
}

// The measures of the predictor type.
class Measures {
 public:
  explicit Measures(PredictorType type) : type_(type) {}
  void add(float raw, float label) {
    if (type_ == PredictorType::regressor) {
      regression_.add(raw, label);
    } else {
      classification_.add(sigmoid(raw), label);
    }
  }
  size_t rows() const { return std::max(regression_.rows(), classification_.rows()); }
  std::vector<Measure> all() const {
    return type_ == PredictorType::regressor ? regression_.all() : classification_.all();
  }

 private:
  PredictorType type_;
  RegressionMeasures regression_;
  ClassificationMeasures classification_;
};

class Trainer {
 public:
  Trainer(const TrainingJob& job, const Settings& settings)
      : job_(job),
        settings_(settings),
        rules_{.feature_dim = settings.feature_dim,
               .label = settings.type == PredictorType::regressor ? LabelRule::number
                                                                  : LabelRule::zero_one},
        model_(settings.type, settings.feature_dim, settings.num_factors),
        gradient_(model_),
        adam_(model_, settings.solver) {}

  Result<void> run() {
    initialize(model_, settings_.solver);
    Channel channel = job_.open("train", rules_);
    Measures measures(settings_.type);
    const Time begin = job_.log.now();
    uint64_t records = 0;
    for (uint64_t epoch = 0; epoch < settings_.epochs && !job_.stop.stop_requested(); ++epoch) {
      measures = Measures(settings_.type);
      channel.rewind();
      TRY(run_epoch(epoch, channel, measures));
      if (measures.rows() == 0 && !job_.stop.stop_requested()) {
        return fail(ErrorKind::invalid, "The channel 'train' has files, but no record in them");
      }
      records += measures.rows();
      log_all(fmt::format("epoch={}, train", epoch), measures);
      job_.log.progress(epoch + 1, settings_.epochs);
      const std::chrono::duration<double> spent = job_.log.now() - begin;
      if (spent.count() > 0) {
        job_.log.throughput(static_cast<double>(records) / spent.count());
      }
    }
    if (job_.stop.stop_requested()) job_.log.info("Stopping early, as asked; the model is kept");
    log_all("train", measures);
    if (job_.channels.contains("test")) TRY(score());
    return save();
  }

 private:
  void log_all(const std::string& stage, const Measures& measures) {
    for (const Measure& measure : measures.all()) job_.log.quality(stage, measure);
  }

  Result<void> run_epoch(uint64_t epoch, Channel& channel, Measures& measures) {
    for (uint64_t at = 0; !job_.stop.stop_requested(); ++at) {
      TRY(channel.read(settings_.mini_batch_size, batch_));
      if (batch_.empty()) break;
      gradient_.compute(model_, batch_, raw_);
      for (size_t i = 0; i < batch_.size(); ++i) {
        if (!std::isfinite(raw_[i])) return diverged(epoch, at);
        measures.add(raw_[i], batch_.label(i));
      }
      if (at % kBatchesPerLine == 0) {
        log_all(fmt::format("epoch={}, batch={} train", epoch, at), measures);
      }
      adam_.step(model_, gradient_, batch_.size());
      batches_ = at + 1;
    }
    return ok;
  }

  static std::unexpected<Error> diverged(uint64_t epoch, uint64_t batch) {
    return fail(ErrorKind::invalid,
                fmt::format("The training diverged in epoch {}, batch {}: the model's output is no "
                            "longer a finite number. Lower bias_lr, linear_lr and factors_lr, set "
                            "clip_gradient, or scale the features and labels down",
                            epoch, batch));
  }

  Result<void> score() {
    Channel channel = job_.open("test", rules_);
    Measures measures(settings_.type);
    std::vector<float> sums(settings_.num_factors);
    std::vector<float> squares(settings_.num_factors);
    for (;;) {
      TRY(channel.read(settings_.mini_batch_size, batch_));
      if (batch_.empty()) break;
      for (size_t i = 0; i < batch_.size(); ++i) {
        const float raw = model_.predict(batch_.row(i), sums, squares);
        if (!std::isfinite(raw)) return diverged(settings_.epochs - 1, batches_ - 1);
        measures.add(raw, batch_.label(i));
      }
    }
    if (measures.rows() == 0) {
      return fail(ErrorKind::invalid, "The channel 'test' has files, but no record in them");
    }
    for (const Measure& measure : measures.all()) job_.log.test_score(measure);
    log_all("test", measures);
    return ok;
  }

  Result<void> save() {
    // The last step may have gone too far without a batch that shows it.
    bool finite = std::isfinite(model_.bias);
    for (uint64_t feature = 0; feature < model_.feature_dim(); ++feature) {
      const float* row = model_.row(feature);
      for (uint32_t f = 0; f <= model_.num_factors(); ++f) finite &= std::isfinite(row[f]);
    }
    if (!finite) return diverged(settings_.epochs - 1, batches_ - 1);
    TRY(const Bytes artefact, encode_artefact(model_, job_.given));
    return runtime::write_file_durably(job_.disk, job_.model / "model_algo-1", artefact);
  }

  const TrainingJob& job_;
  const Settings& settings_;
  RowRules rules_;
  Model model_;
  Gradient gradient_;
  Adam adam_;
  RowBatch batch_;
  std::vector<float> raw_;
  uint64_t batches_ = 1;  // Of the epoch so far.
};

}  // namespace

Result<void> train(const TrainingJob& job) {
  TRY(const Settings settings, read_settings(job.hyperparameters));
  return Trainer(job, settings).run();
}

}  // namespace millrace::ml::factorization_machines
