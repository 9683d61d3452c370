// Every hyperparameter that AWS documents for Factorization Machines, with AWS's ranges, defaults
// and tuning ranges, and ours, marked as extensions. Sources: "Factorization Machines
// Hyperparameters" (fact-machines-hyperparameters.html), "Tune a Factorization Machines Model"
// (fm-tuning.html).
#pragma once

#include <array>
#include <limits>

#include "engines/ml/hyperparameters.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {

inline constexpr double kAnyNumber = std::numeric_limits<double>::max();
inline constexpr double kIntegerMax = 2147483647;
inline constexpr double kTuningMin = 1e-8;
inline constexpr double kTuningMax = 512;
inline constexpr std::array<std::string_view, 2> kPredictorTypes = {"binary_classifier",
                                                                    "regressor"};
// In the order of the enumeration Solver.
inline constexpr std::array<std::string_view, 9> kSolvers = {
    "adam", "auto", "sgd", "adagrad", "als", "mcmc", "bpr", "softmax", "ials"};
// In the order of the enumeration NegativeSampling.
inline constexpr std::array<std::string_view, 3> kSamplings = {"uniform", "popularity", "in_batch"};
inline constexpr std::array<std::string_view, 3> kInitMethods = {"constant", "normal", "uniform"};

constexpr Hyperparameter required_integer(std::string_view name, double max,
                                          std::string_view sentence) {
  return {.name = name,
          .type = HyperparameterType::integer,
          .required = true,
          .min = 1,
          .max = max,
          .sentence = sentence};
}

constexpr Hyperparameter init_method(std::string_view name, std::string_view sentence) {
  return {.name = name,
          .type = HyperparameterType::choice,
          .default_value = "normal",
          .choices = kInitMethods,
          .sentence = sentence};
}

// A number of at least 0 that the tuner may choose from [1e-8, 512].
constexpr Hyperparameter tunable(std::string_view name, std::string_view default_value,
                                 std::string_view sentence, std::string_view condition = {}) {
  return {.name = name,
          .default_value = default_value,
          .min = 0,
          .max = kAnyNumber,
          .tunable = true,
          .tuning_min = kTuningMin,
          .tuning_max = kTuningMax,
          .tuning_condition = condition,
          .sentence = sentence};
}

constexpr Hyperparameter tunable_integer(std::string_view name, std::string_view default_value,
                                         double tuning_min, double tuning_max,
                                         std::string_view sentence) {
  return {.name = name,
          .type = HyperparameterType::integer,
          .default_value = default_value,
          .min = 1,
          .max = kIntegerMax,
          .tunable = true,
          .tuning_min = tuning_min,
          .tuning_max = tuning_max,
          .sentence = sentence};
}

constexpr Hyperparameter any_number(Hyperparameter hyperparameter) {
  hyperparameter.min = -kAnyNumber;
  return hyperparameter;
}

inline constexpr std::array kTable = {
    required_integer("feature_dim", static_cast<double>(kFeatureDimMax),
                     "The dimension of the input feature space."),
    required_integer("num_factors", kIntegerMax, "The dimensionality of the factorization."),
    Hyperparameter{.name = "predictor_type",
                   .type = HyperparameterType::choice,
                   .required = true,
                   .choices = kPredictorTypes,
                   .sentence = "Whether labels are numbers (regressor) or 0 and 1."},
    init_method("bias_init_method", "How the bias term is drawn at first."),
    tunable("bias_init_scale", "", "Draws the bias from [-scale, scale] (uniform).",
            "bias_init_method==uniform"),
    tunable("bias_init_sigma", "0.01", "The standard deviation of the first bias (normal).",
            "bias_init_method==normal"),
    any_number(tunable("bias_init_value", "", "The first value of the bias (constant).",
                       "bias_init_method==constant")),
    tunable("bias_lr", "0.1", "The learning rate of the bias term."),
    tunable("bias_wd", "0.01", "The weight decay of the bias term."),
    Hyperparameter{.name = "clip_gradient",
                   .min = 0,
                   .max = kAnyNumber,
                   .sentence = "Projects every gradient onto [-clip_gradient, clip_gradient]."},
    tunable_integer("epochs", "1", 1, 1000, "How often the training data is gone through."),
    Hyperparameter{.name = "eps",
                   .min = 0,
                   .max = kAnyNumber,
                   .sentence = "Keeps Adam's step finite: added to the root of the second moment "
                               "(1e-8 where it is not given)."},
    init_method("factors_init_method", "How the factors are drawn at first."),
    tunable("factors_init_scale", "", "Draws the factors from [-scale, scale] (uniform).",
            "factors_init_method==uniform"),
    tunable("factors_init_sigma", "0.001", "The standard deviation of the first factors (normal).",
            "factors_init_method==normal"),
    any_number(tunable("factors_init_value", "", "The first value of the factors (constant).",
                       "factors_init_method==constant")),
    tunable("factors_lr", "0.0001", "The learning rate of the factors."),
    tunable("factors_wd", "0.00001", "The weight decay of the factors."),
    init_method("linear_init_method", "How the linear weights are drawn at first."),
    tunable("linear_init_scale", "", "Draws the linear weights from [-scale, scale] (uniform).",
            "linear_init_method==uniform"),
    tunable("linear_init_sigma", "0.01",
            "The standard deviation of the first linear weights (normal).",
            "linear_init_method==normal"),
    any_number(tunable("linear_init_value", "", "The first value of the linear weights (constant).",
                       "linear_init_method==constant")),
    tunable("linear_lr", "0.001", "The learning rate of the linear weights."),
    tunable("linear_wd", "0.001", "The weight decay of the linear weights."),
    tunable_integer("mini_batch_size", "1000", 100, 10000, "How many examples a step learns from."),
    Hyperparameter{.name = "rescale_grad",
                   .min = -kAnyNumber,
                   .max = kAnyNumber,
                   .sentence = "Multiplies the sum of a batch's gradients (1 / the number of its "
                               "examples where it is not given)."},
    Hyperparameter{.name = "seed",
                   .type = HyperparameterType::integer,
                   .default_value = "0",
                   .min = 0,
                   .max = 0x1p53,
                   .sentence = "What the first values are drawn from: the same seed and data give "
                               "the same bytes.",
                   .extension = true},
    Hyperparameter{.name = "solver",
                   .type = HyperparameterType::choice,
                   .default_value = "adam",
                   .choices = kSolvers,
                   .sentence = "How the parameters are found; adam is SageMaker's.",
                   .extension = true},
    Hyperparameter{
        .name = "fields",
        .type = HyperparameterType::text,
        .min = 1,
        .max = 4096,
        .sentence = "The first feature of each field, such as 0,943 for users and items.",
        .extension = true},
    Hyperparameter{.name = "unobserved_weight",
                   .default_value = "0.3",
                   .min = 0,
                   .max = kAnyNumber,
                   .tunable = true,
                   .tuning_min = 0.001,
                   .tuning_max = 1,
                   .sentence = "The weight of a user and an item of which no example tells, beside "
                               "1 of a positive one (ials).",
                   .extension = true},
    Hyperparameter{.name = "frequency_exponent",
                   .default_value = "1",
                   .min = 0,
                   .max = 2,
                   .sentence = "The power of a user's or item's frequency by which factors_wd is "
                               "scaled (ials).",
                   .extension = true},
    Hyperparameter{.name = "negatives",
                   .type = HyperparameterType::integer,
                   .min = 1,
                   .max = 65536,
                   .sentence =
                       "Items drawn against each positive example (bpr, 1 unless given), or "
                       "against the examples of a step together (softmax, 512).",
                   .extension = true},
    Hyperparameter{.name = "negative_sampling",
                   .type = HyperparameterType::choice,
                   .default_value = "uniform",
                   .choices = kSamplings,
                   .sentence = "What negatives are drawn from: all items alike, items by how often "
                               "they occur, or the other examples of the step (bpr, softmax).",
                   .extension = true},
    Hyperparameter{.name = "early_stopping",
                   .type = HyperparameterType::integer,
                   .min = 1,
                   .max = kIntegerMax,
                   .sentence = "Epochs without a better measure on the channel validation, or on a "
                               "tenth of the examples held out, after which the best model is "
                               "kept and the training ends.",
                   .extension = true},
};

}  // namespace millrace::ml::factorization_machines
