#include "engines/ml/hyperparameters.h"

#include <gtest/gtest.h>

#include "engines/ml/algorithms.h"

namespace millrace::ml {
namespace {

using Given = std::map<std::string, std::string>;

const Algorithm& algorithm() { return *find_algorithm("factorization-machines"); }

Given with(Given more) {
  more.insert({{"feature_dim", "9284"}, {"num_factors", "64"}, {"predictor_type", "regressor"}});
  return more;
}

std::string error_of(const Given& given) {
  const auto result = parse_hyperparameters(algorithm().hyperparameters, given);
  if (result) return "none";
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  return result.error().message;
}

TEST(Hyperparameters, HaveTheDocumentedDefaults) {
  const auto values = parse_hyperparameters(algorithm().hyperparameters, with({}));
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(values->integer("feature_dim"), 9284);
  EXPECT_EQ(values->integer("epochs"), 1);
  EXPECT_EQ(values->integer("mini_batch_size"), 1000);
  EXPECT_EQ(values->choice("bias_init_method"), "normal");
  EXPECT_EQ(values->real("bias_init_sigma"), 0.01);
  EXPECT_EQ(values->real("bias_lr"), 0.1);
  EXPECT_EQ(values->real("bias_wd"), 0.01);
  EXPECT_EQ(values->real("linear_init_sigma"), 0.01);
  EXPECT_EQ(values->real("linear_lr"), 0.001);
  EXPECT_EQ(values->real("linear_wd"), 0.001);
  EXPECT_EQ(values->real("factors_init_sigma"), 0.001);
  EXPECT_EQ(values->real("factors_lr"), 0.0001);
  EXPECT_EQ(values->real("factors_wd"), 0.00001);
  for (const std::string_view name :
       {"clip_gradient", "eps", "rescale_grad", "bias_init_scale", "bias_init_value",
        "linear_init_scale", "linear_init_value", "factors_init_scale", "factors_init_value"}) {
    EXPECT_FALSE(values->has(name)) << name;
  }
}

TEST(Hyperparameters, AcceptEveryDocumentedOne) {
  EXPECT_EQ(error_of(with({{"bias_init_method", "uniform"},
                           {"bias_init_scale", "0.1"},
                           {"bias_init_value", "-2.5"},
                           {"clip_gradient", "1e2"},
                           {"eps", "0.001"},
                           {"rescale_grad", "2.2"},
                           {"epochs", "20"},
                           {"mini_batch_size", "5e2"},
                           {"factors_lr", "0"},
                           {"seed", "42"}})),
            "none");
}

TEST(Hyperparameters, AcceptWhatSageMakerAdds) {
  EXPECT_EQ(error_of(with({{"_tuning_objective_metric", "test:rmse"}, {"_num_gpus", "auto"}})),
            "none");
  EXPECT_NE(error_of(with({{"_unknown", "1"}})), "none");
}

TEST(Hyperparameters, RefuseUnknownNames) {
  EXPECT_EQ(error_of(with({{"learning_rate", "1"}})),
            "Additional hyperparameters are not allowed ('learning_rate' was unexpected) "
            "(caused by ValidationError)");
  EXPECT_NE(error_of(with({{"a", "1"}, {"b", "1"}})).find("'a', 'b' were unexpected"),
            std::string::npos);
}

TEST(Hyperparameters, RefuseMissingNames) {
  EXPECT_EQ(error_of({{"feature_dim", "1"}}),
            "No value(s) were specified for 'num_factors', 'predictor_type' which are required "
            "hyperparameter(s) (caused by ValidationError)");
}

TEST(Hyperparameters, RefuseValuesOutOfRange) {
  EXPECT_EQ(error_of(with({{"epochs", "0"}})),
            "The value '0' of hyperparameter 'epochs' is not valid: it must be an integer from 1 "
            "to 2147483647 (caused by ValidationError)");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"feature_dim", "0"},
                                                        {"feature_dim", "-1"},
                                                        {"feature_dim", "1.5"},
                                                        {"feature_dim", "1e400"},
                                                        {"feature_dim", "99999999999"},
                                                        {"num_factors", "abc"},
                                                        {"num_factors", ""},
                                                        {"num_factors", "64x"},
                                                        {"predictor_type", "Regressor"},
                                                        {"bias_lr", "-0.1"},
                                                        {"bias_lr", "nan"},
                                                        {"bias_lr", "inf"},
                                                        {"linear_wd", "-1"},
                                                        {"mini_batch_size", "0"},
                                                        {"factors_init_method", "xavier"},
                                                        {"factors_init_sigma", "-1"},
                                                        {"seed", "-1"}}) {
    Given given = with({});
    given[name] = value;
    EXPECT_NE(error_of(given).find("'" + name + "' is not valid"), std::string::npos)
        << name << "=" << value << ": " << error_of(given);
  }
}

TEST(Hyperparameters, TablesAreSound) {
  for (const Algorithm& each : algorithms()) {
    std::string last;
    for (const Hyperparameter& h : each.hyperparameters) {
      EXPECT_FALSE(h.sentence.empty()) << h.name;
      EXPECT_TRUE(h.sentence.ends_with('.')) << h.name;
      EXPECT_EQ(h.type == HyperparameterType::choice, !h.choices.empty()) << h.name;
      if (h.tunable) EXPECT_LT(h.tuning_min, h.tuning_max) << h.name;
      if (h.required) EXPECT_TRUE(h.default_value.empty()) << h.name;
    }
  }
}

}  // namespace
}  // namespace millrace::ml
