// engines_ml_solver_study DATA [NAME=VALUE …]
//
// Trains one solver, at its defaults but for what is said, and prints after every epoch the seconds
// it took so far and its measure on examples that it does not see, beside that of what made them.
// DATA is one of
//   ratings   stars from 1 to 5 in the shape of MovieLens 1M: 6,040 users, 3,706 items, 1,000,000
//             ratings, a long tail of both, 20 factors of falling importance
//   clicks    20 fields of 10 to 20,000 values of falling frequency; 200,000 impressions, of which
//             a quarter is clicked, by linear effects and a field-aware machine of 4 factors
//   impressions  1,000,000 in the shape of Criteo's: 13 fields of a number, 26 of 10 to 50,000
//   values;
//             made as `clicks` are
//   PREFIX    the files PREFIX.train and PREFIX.test, lines of `label index:value …`
// Of solvers for implicit feedback it prints rankings of all items. NAME=VALUE are hyperparameters;
// `threads=N` is how many threads work (1), `curve=0` measures only the model at the end.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "engines/ml/algorithms/factorization_machines/examples.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/ranking_validation.h"
#include "engines/ml/algorithms/factorization_machines/solvers.h"
#include "engines/ml/algorithms/factorization_machines/validation.h"
#include "engines/ml/evaluation/classification_errors.h"
#include "engines/ml/generator.h"
#include "engines/ml/text_examples.h"

namespace millrace::ml::factorization_machines {
namespace {

struct Data {
  PredictorType type = PredictorType::regressor;
  uint64_t feature_dim = 0;
  RowBatch train;
  RowBatch test;
  double best = 0;  // The measure of what made the examples, on `test`; 0 where it is not known.
  std::string fields;
};

void append(RowBatch& to, std::initializer_list<uint32_t> features, float label) {
  for (const uint32_t feature : features) {
    to.indices.push_back(feature);
    to.values.push_back(1);
  }
  to.end_row(label);
}

// Numbers from 0 to count - 1, the first ones most often: of Zipf's law, flattened at its head.
class LongTail {
 public:
  LongTail(size_t count, double exponent, double flat) {
    double sum = 0;
    for (size_t at = 0; at < count; ++at) {
      sums_.push_back(sum += std::pow(static_cast<double>(at) + flat, -exponent));
    }
  }
  uint32_t draw(Generator& generator) const {
    const double place = generator.uniform() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), place);
    return static_cast<uint32_t>(std::min<size_t>(found - sums_.begin(), sums_.size() - 1));
  }

 private:
  std::vector<double> sums_;
};

// A tenth is for the test. The truth's own error is the noise's 0.8 and that of rounding.
Data make_stars() {
  constexpr uint32_t kUsers = 6040, kItems = 3706, kRank = 20;
  constexpr size_t kRatings = 1'000'000;
  Generator generator(1);
  std::vector<float> factors((kUsers + kItems) * kRank);
  for (size_t at = 0; at < factors.size(); ++at) {
    const double scale = 0.5 / std::pow(static_cast<double>(at % kRank) + 1, 0.35);
    factors[at] = static_cast<float>(scale * generator.normal());
  }
  std::vector<double> biases(kUsers + kItems);
  for (double& bias : biases) bias = 0.42 * generator.normal();
  for (uint32_t item = 0; item < kItems; ++item) {
    biases[kUsers + item] += 0.3 - 0.5 * item / kItems;  // What is popular is liked.
  }
  const LongTail users(kUsers, 1.4, 1000);
  const LongTail items(kItems, 1.6, 400);
  std::unordered_set<uint64_t> seen;
  Data data{.feature_dim = kUsers + kItems, .fields = fmt::format("0,{}", kUsers)};
  double squares = 0;
  while (seen.size() < kRatings) {
    const uint32_t user = users.draw(generator);
    const uint32_t item = kUsers + items.draw(generator);
    if (!seen.insert(uint64_t{user} << 32 | item).second) continue;
    double truth = 3.5 + biases[user] + biases[item];
    for (uint32_t f = 0; f < kRank; ++f) {
      truth += factors[user * kRank + f] * factors[item * kRank + f];
    }
    const double stars = std::clamp(std::round(truth + 0.8 * generator.normal()), 1.0, 5.0);
    const bool held = seen.size() % 10 == 0;
    if (held) squares += std::pow(std::clamp(truth, 1.0, 5.0) - stars, 2);
    append(held ? data.test : data.train, {user, item}, static_cast<float>(stars));
  }
  data.best = std::sqrt(squares / static_cast<double>(data.test.size()));
  return data;
}

// Fields of a number, then fields of values, from 10 of them to `most`.
struct Shape {
  size_t numbers = 0;
  size_t categories = 0;
  double most = 0;
  size_t rows = 0;
  double pair_scale = 0;  // The deviation of factors.
};

Data make_clicks(const Shape& shape) {
  constexpr size_t kRank = 4;
  const size_t fields = shape.numbers + shape.categories;
  Generator generator(2);
  std::vector<uint32_t> first;
  std::vector<LongTail> values;
  uint32_t features = 0;
  Data data{.type = PredictorType::binary_classifier};
  for (size_t field = 0; field < fields; ++field) {
    const bool number = field < shape.numbers;
    const double place =
        static_cast<double>(field - shape.numbers) / static_cast<double>(shape.categories - 1);
    const auto size = number ? 1 : static_cast<uint32_t>(10 * std::pow(shape.most / 10, place));
    first.push_back(features);
    data.fields += fmt::format("{}{}", field == 0 ? "" : ",", features);
    values.emplace_back(size, 1.1, 2);
    features += size;
  }
  data.feature_dim = features;
  std::vector<float> linear(features);
  for (float& weight : linear) weight = static_cast<float>(0.25 * generator.normal());
  std::vector<float> factors(features * fields * kRank);
  for (float& value : factors) value = static_cast<float>(shape.pair_scale * generator.normal());
  double loss = 0;
  for (size_t row = 0; row < shape.rows; ++row) {
    RowBatch& to = row % 10 == 9 ? data.test : data.train;
    std::vector<uint32_t> own(fields);
    std::vector<float> x(fields);
    double output = -1.6;
    for (size_t field = 0; field < fields; ++field) {
      own[field] = first[field] + values[field].draw(generator);
      x[field] = field < shape.numbers ? static_cast<float>(generator.uniform()) : 1;
      output += linear[own[field]] * x[field];
      to.indices.push_back(own[field]);
      to.values.push_back(x[field]);
      for (size_t other = 0; other < field; ++other) {
        const float* const a = &factors[(own[field] * fields + other) * kRank];
        const float* const b = &factors[(own[other] * fields + field) * kRank];
        for (size_t f = 0; f < kRank; ++f) output += a[f] * b[f] * x[field] * x[other];
      }
    }
    const bool click = generator.uniform() < sigmoid(output);
    to.end_row(click ? 1 : 0);
    if (&to == &data.test) loss += std::log1p(std::exp(click ? -output : output));
  }
  data.best = loss / static_cast<double>(data.test.size());
  return data;
}

Result<RowBatch> read_file(const std::string& path, LabelRule rule) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, fmt::format("{} cannot be read", path));
  const Bytes text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto reader = make_libsvm_examples(make_memory_source(text),
                                           {.feature_dim = UINT32_MAX - 1, .label = rule});
  RowBatch all;
  TRY(reader->read(SIZE_MAX, all));
  return all;
}

using Given = std::map<std::string, std::string>;

Result<Data> read_data(const std::string& name, const Given& given) {
  if (name == "ratings") return make_stars();
  if (name == "clicks") return make_clicks({0, 20, 20'000, 200'000, 0.2});
  if (name == "impressions") return make_clicks({13, 26, 50'000, 1'000'000, 0.12});
  Data data;
  const auto type = given.find("predictor_type");
  const bool classes = type != given.end() && type->second == "binary_classifier";
  if (classes) data.type = PredictorType::binary_classifier;
  const LabelRule rule = classes ? LabelRule::zero_one : LabelRule::number;
  TRY(data.train, read_file(name + ".train", rule));
  TRY(data.test, read_file(name + ".test", rule));
  for (const RowBatch* rows : {&data.train, &data.test}) {
    for (const uint32_t feature : rows->indices) {
      data.feature_dim = std::max<uint64_t>(data.feature_dim, feature + uint64_t{1});
    }
  }
  return data;
}

std::string told(const Measures& measures) {
  std::string text;
  for (const Measure& measure : measures.all()) {
    text += fmt::format("{}{} {:.5f}", text.empty() ? "" : ", ", measure.name, measure.value);
  }
  return text;
}

// Rankings, or the loss, and of classes the area under the ROC curve.
std::string measures_on(const Model& model, const RowBatch& rows,
                        const RankingValidation* ranking) {
  if (ranking != nullptr) return told(ranking->measure(model));
  const double loss = ValidationWatch::loss_of(ValidationWatch(rows, {}).measure(model));
  if (model.type() == PredictorType::regressor) return fmt::format("rmse {:.5f}", loss);
  evaluation::RankedScores scores;
  for (size_t at = 0; at < rows.size(); ++at) {
    scores.add(predict(model.view(), rows.row(at)), rows.label(at) > 0);
  }
  return fmt::format("log-loss {:.5f}, AUC {:.5f}", loss, scores.auc().value_or(0));
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Of CPU, all threads together, without the measuring.
class Curve final : public Progress {
 public:
  Curve(const RowBatch& test, const RankingValidation* ranking, bool measures)
      : test_(test), ranking_(ranking), measures_(measures) {}

  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t epoch, const Measures&, const Model& model) override {
    const double now = cpu_seconds();
    if (measures_) {
      fmt::print("epoch {:3} {:8.2f} s  {}\n", epoch, now - begin_,
                 measures_on(model, test_, ranking_));
      std::fflush(stdout);
    }
    begin_ += cpu_seconds() - now;
    return true;
  }
  void note(std::string_view text) override {
    fmt::print("{:8.2f} s  {}\n", cpu_seconds() - begin_, text);
    std::fflush(stdout);
  }
  double seconds() const { return cpu_seconds() - begin_; }

 private:
  const RowBatch& test_;
  const RankingValidation* const ranking_;
  const bool measures_;
  double begin_ = cpu_seconds();
};

Result<void> study(const std::string& name, Given given) {
  const auto take = [&](const std::string& key, std::string otherwise) {
    const auto found = given.find(key);
    if (found == given.end()) return otherwise;
    otherwise = found->second;
    given.erase(found);
    return otherwise;
  };
  const auto threads = static_cast<unsigned>(std::stoul(take("threads", "1")));
  const bool curve = take("curve", "1") == "1";
  TRY(Data data, read_data(name, given));
  given.try_emplace("feature_dim", std::to_string(data.feature_dim));
  given.try_emplace("num_factors", "32");
  given.try_emplace("predictor_type",
                    data.type == PredictorType::regressor ? "regressor" : "binary_classifier");
  if (given["fields"] == "yes") given["fields"] = data.fields;
  if (given["fields"].empty()) given.erase("fields");
  TRY(const HyperparameterValues values, parse_hyperparameters(kTable, given));
  TRY(const Settings settings, read_settings(values));
  const RowBatch train = shuffled(data.train, settings.seed);
  fmt::print("{} examples of {} features; {} for the test; the truth itself: {:.5f}\n",
             train.size(), data.feature_dim, data.test.size(), data.best);
  Model model(settings.type, settings.feature_dim, settings.num_factors);
  initialize(model, settings);
  RowsSource source(train);
  std::optional<RankingValidation> ranking;
  if (ranks(settings.solver)) {
    TRY(ranking, RankingValidation::make(train, data.test, settings));
    fmt::print("popularity: {}\n", told(ranking->measure_popularity()));
  }
  const RankingValidation* const by_ranking = ranking ? &*ranking : nullptr;
  Curve progress(data.test, by_ranking, curve);
  TRY(solve({.settings = settings,
             .source = source,
             .memory = &train,
             .validation = curve && settings.solver != Solver::automatic ? &data.test : nullptr,
             .progress = progress,
             .stop = {},
             .threads = threads},
            model));
  fmt::print("{}: {:.2f} s of CPU, {}\n", kSolvers[static_cast<size_t>(settings.solver)],
             progress.seconds(), measures_on(model, data.test, by_ranking));
  return ok;
}

}  // namespace
}  // namespace millrace::ml::factorization_machines

int main(int count, char** arguments) {
  using namespace millrace::ml::factorization_machines;
  if (count < 2) {
    std::fputs("usage: engines_ml_solver_study DATA [NAME=VALUE ...]\n", stderr);
    return 2;
  }
  Given given;
  for (int at = 2; at < count; ++at) {
    const std::string text = arguments[at];
    const size_t equals = std::min(text.find('='), text.size() - 1);
    given[text.substr(0, equals)] = text.substr(equals + 1);
  }
  const auto result = study(arguments[1], std::move(given));
  if (!result) fmt::print(stderr, "{}\n", result.error().message);
  return result ? 0 : 1;
}
