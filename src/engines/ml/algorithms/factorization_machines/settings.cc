#include "engines/ml/algorithms/factorization_machines/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/generator.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

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

Result<Solver> find_solver(const std::string& name) {
  const auto found = std::find(kSolvers.begin(), kSolvers.end(), name);
  ASSERT(found != kSolvers.end());
  return static_cast<Solver>(found - kSolvers.begin());
}

// `0,943,2625`: ascending, from 0, below feature_dim.
Result<std::vector<uint64_t>> parse_fields(std::string_view text, uint64_t feature_dim) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid,
                fmt::format("The value '{}' of hyperparameter 'fields' is not valid: {}; it must "
                            "be the first feature of each field, ascending from 0, such as 0,943 "
                            "(caused by ValidationError)",
                            text, why));
  };
  std::vector<uint64_t> fields;
  if (text.ends_with(',')) return refuse("it ends with a comma");
  for (std::string_view rest = text; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    uint64_t first = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), first);
    if (error != std::errc() || end != part.data() + part.size()) {
      return refuse("it is not a list of whole numbers");
    }
    if (fields.empty() && first != 0) return refuse("it does not begin with 0");
    if (!fields.empty() && first <= fields.back()) return refuse("it is not ascending");
    if (first >= feature_dim) return refuse("a field begins beyond feature_dim");
    fields.push_back(first);
    if (fields.size() > kFieldsMax) return refuse(fmt::format("it has more than {}", kFieldsMax));
  }
  return fields;
}

constexpr size_t kBprNegatives = 1;
constexpr size_t kSoftmaxNegatives = 512;

size_t negatives_of(Solver solver) {
  return solver == Solver::softmax ? kSoftmaxNegatives : kBprNegatives;
}

// What a solver of ours takes for what was not said.
struct Defaults {
  Solver solver;
  uint64_t epochs;
  double bias_lr, bias_wd;
  double linear_lr, linear_wd, linear_sigma;
  double factors_lr, factors_wd, factors_sigma;
};

constexpr std::array kDefaults = {
    Defaults{Solver::sgd, 40, 0.01, 0, 0.01, 0.02, 0, 0.01, 0.05, 0.05},
    Defaults{Solver::adagrad, 20, 0.05, 0, 0.05, 0.02, 0, 0.05, 0.07, 0.1},
    Defaults{Solver::als, 30, 0, 0, 0, 3, 0, 0, 18, 0.1},
    Defaults{Solver::mcmc, 100, 0, 0, 0, 0, 0, 0, 0, 0.1},
    Defaults{Solver::bpr, 100, 0, 0, 0.15, 0.01, 0, 0.15, 0.015, 0.1},
    Defaults{Solver::softmax, 20, 0, 0, 0.05, 0.01, 0, 0.05, 0.1, 0.1},
    Defaults{Solver::ials, 16, 0, 0, 0, 0, 0, 0, 0.01, 0.1},
    Defaults{Solver::automatic, 20, 0.01, 0, 0.01, 0.001, 0, 0.01, 0.01, 0.1},
};

// What differs for classes, whose gradients are small.
constexpr std::array kClassDefaults = {
    Defaults{Solver::sgd, 15, 0.05, 0, 0.05, 0.002, 0, 0.05, 0.03, 0.05},
    Defaults{Solver::adagrad, 10, 0.05, 0, 0.05, 0.002, 0, 0.05, 0.02, 0.1},
    Defaults{Solver::als, 30, 0, 0, 0, 2, 0, 0, 20, 0.1},
};

constexpr Defaults kFieldAware{Solver::adagrad, 6, 0.1, 0, 0.1, 0.00002, 0, 0.1, 0.00002, 0.1};

const Defaults* find_defaults(const Settings& settings) {
  const auto find = [&](const auto& table) -> const Defaults* {
    for (const Defaults& row : table) {
      if (row.solver == settings.solver) return &row;
    }
    return nullptr;
  };
  if (settings.solver == Solver::adagrad && !settings.fields.empty()) return &kFieldAware;
  const bool classes = settings.type == PredictorType::binary_classifier;
  const Defaults* const own = classes ? find(kClassDefaults) : nullptr;
  return own != nullptr ? own : find(kDefaults);
}

// Takes the defaults of its solver where `given(name)` says that nothing was said.
template <class Given>
void apply_defaults(const Given& given, Settings& settings) {
  const Defaults* const found = find_defaults(settings);
  if (found == nullptr) return;
  const auto set = [&](std::string_view name, double& value, double by_default) {
    if (!given(name)) value = by_default;
  };
  if (!given("epochs")) settings.epochs = found->epochs;
  set("bias_lr", settings.bias.learning_rate, found->bias_lr);
  set("bias_wd", settings.bias.weight_decay, found->bias_wd);
  set("linear_lr", settings.linear.learning_rate, found->linear_lr);
  set("linear_wd", settings.linear.weight_decay, found->linear_wd);
  set("factors_lr", settings.factors.learning_rate, found->factors_lr);
  set("factors_wd", settings.factors.weight_decay, found->factors_wd);
  const Solver solver = settings.solver;
  const bool ranks_pairs = solver == Solver::bpr || solver == Solver::softmax;
  settings.linear.decay_fits_rows = solver == Solver::als && !given("linear_wd");
  settings.factors.decay_fits_rows = (solver == Solver::als || ranks_pairs) && !given("factors_wd");
  if (!given("linear_init_method")) {
    set("linear_init_sigma", settings.linear.initializer.argument, found->linear_sigma);
  }
  if (!given("factors_init_method")) {
    set("factors_init_sigma", settings.factors.initializer.argument, found->factors_sigma);
  }
  settings.bias_from_data = !given("bias_init_method");
}

Result<void> check_size(const Settings& settings) {
  // By division: feature_dim x num_factors may be beyond 64 bits.
  const uint64_t row_bytes = (uint64_t{settings.num_factors} + 4) * sizeof(float);
  if (settings.feature_dim <= kModelBytesMax / row_bytes) return ok;
  return fail(ErrorKind::invalid,
              fmt::format("A model of feature_dim {} and num_factors {} is larger than {} bytes, "
                          "the most that is supported",
                          settings.feature_dim, settings.num_factors, kModelBytesMax));
}

float draw(const Initializer& initializer, Generator& generator) {
  switch (initializer.method) {
    case Initializer::Method::normal:
      return static_cast<float>(initializer.argument * generator.normal());
    case Initializer::Method::uniform:
      return static_cast<float>(initializer.argument * (2.0 * generator.uniform() - 1.0));
    case Initializer::Method::constant:
      return static_cast<float>(initializer.argument);
  }
  return 0;
}

}  // namespace

Result<Settings> read_settings(const HyperparameterValues& values) {
  Settings settings;
  TRY(settings.solver, find_solver(values.choice("solver")));
  settings.type = values.choice("predictor_type") == "regressor" ? PredictorType::regressor
                                                                 : PredictorType::binary_classifier;
  settings.feature_dim = static_cast<uint64_t>(values.integer("feature_dim"));
  settings.num_factors = static_cast<uint32_t>(values.integer("num_factors"));
  settings.epochs = static_cast<uint64_t>(values.integer("epochs"));
  settings.mini_batch_size = static_cast<size_t>(values.integer("mini_batch_size"));
  TRY(settings.bias, term_settings(values, "bias"));
  TRY(settings.linear, term_settings(values, "linear"));
  TRY(settings.factors, term_settings(values, "factors"));
  settings.epsilon = values.optional_real("eps").value_or(settings.epsilon);
  settings.clip_gradient = values.optional_real("clip_gradient");
  settings.rescale_gradient = values.optional_real("rescale_grad");
  settings.seed = static_cast<uint64_t>(values.integer("seed"));
  settings.unobserved_weight = values.real("unobserved_weight");
  settings.frequency_exponent = values.real("frequency_exponent");
  settings.negatives = negatives_of(settings.solver);
  if (values.has("negatives")) {
    settings.negatives = static_cast<size_t>(values.integer("negatives"));
  }
  settings.sampling = static_cast<NegativeSampling>(
      std::find(kSamplings.begin(), kSamplings.end(), values.choice("negative_sampling")) -
      kSamplings.begin());
  if (values.has("early_stopping")) {
    settings.early_stopping = static_cast<uint64_t>(values.integer("early_stopping"));
  }
  if (values.has("fields")) {
    TRY(settings.fields, parse_fields(values.text("fields"), settings.feature_dim));
  }
  TRY(check_size(settings));
  apply_defaults([&](std::string_view name) { return values.given(name); }, settings);
  return settings;
}

void apply_solver_defaults(Settings& settings) {
  apply_defaults([](std::string_view) { return false; }, settings);
  settings.negatives = negatives_of(settings.solver);
  settings.sampling = NegativeSampling::uniform;
}

void initialize(Model& model, const Settings& settings) {
  Generator generator(settings.seed);
  model.bias = draw(settings.bias.initializer, generator);
  for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
    float* row = model.row(feature);
    for (uint32_t f = 0; f < model.num_factors(); ++f) {
      row[f] = draw(settings.factors.initializer, generator);
    }
    model.linear(feature) = draw(settings.linear.initializer, generator);
  }
}

}  // namespace millrace::ml::factorization_machines
