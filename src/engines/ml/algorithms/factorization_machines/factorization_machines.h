// SageMaker's Factorization Machines. Source: "Factorization Machines Algorithm",
// https://docs.aws.amazon.com/sagemaker/latest/dg/fact-machines.html and the pages below it.
//
// The functions are those of Algorithm; they are thread-safe and block.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "engines/ml/algorithm.h"
#include "engines/ml/algorithms/factorization_machines/hyperparameter_table.h"
#include "engines/ml/algorithms/factorization_machines/warm_start.h"

namespace millrace::ml::factorization_machines {

Result<void> train(const TrainingJob& job);
Result<std::unique_ptr<Predictor>> load(runtime::Disk& disk, const runtime::Path& folder);

// Names as DescribeTrainingJob has them, the expressions that SageMaker finds them by.
inline constexpr std::array kMetrics = {
    MetricDefinition{"test:rmse", R"(#quality_metric: host=\S+, test rmse <loss>=(\S+))"},
    MetricDefinition{"test:mse", R"(#quality_metric: host=\S+, test mse <loss>=(\S+))"},
    MetricDefinition{"test:absolute_loss",
                     R"(#quality_metric: host=\S+, test absolute_loss <loss>=(\S+))"},
    MetricDefinition{
        "test:binary_classification_accuracy",
        R"(#quality_metric: host=\S+, test binary_classification_accuracy <score>=(\S+))"},
    MetricDefinition{
        "test:binary_classification_cross_entropy",
        R"(#quality_metric: host=\S+, test binary_classification_cross_entropy <loss>=(\S+))"},
    MetricDefinition{"test:binary_f_beta",
                     R"(#quality_metric: host=\S+, test binary_f_\S+ <score>=(\S+))"},
    MetricDefinition{"validation:rmse",
                     R"(#quality_metric: host=\S+, epoch=\S+, validation rmse <loss>=(\S+))"},
    MetricDefinition{"validation:binary_classification_cross_entropy",
                     R"(#quality_metric: host=\S+, epoch=\S+, )"
                     R"(validation binary_classification_cross_entropy <loss>=(\S+))"},
    MetricDefinition{"train:rmse", R"(#quality_metric: host=\S+, train rmse <loss>=(\S+))"},
    MetricDefinition{"train:mse", R"(#quality_metric: host=\S+, train mse <loss>=(\S+))"},
    MetricDefinition{"train:absolute_loss",
                     R"(#quality_metric: host=\S+, train absolute_loss <loss>=(\S+))"},
    MetricDefinition{
        "train:binary_classification_accuracy",
        R"(#quality_metric: host=\S+, train binary_classification_accuracy <score>=(\S+))"},
    MetricDefinition{
        "train:binary_classification_cross_entropy",
        R"(#quality_metric: host=\S+, train binary_classification_cross_entropy <loss>=(\S+))"},
    MetricDefinition{"train:binary_f_beta",
                     R"(#quality_metric: host=\S+, train binary_f_\S+ <score>=(\S+))"},
    MetricDefinition{"train:rmse:epoch",
                     R"(#quality_metric: host=\S+, epoch=\S+, train rmse <loss>=(\S+))"},
    MetricDefinition{"train:binary_classification_cross_entropy:epoch",
                     R"(#quality_metric: host=\S+, epoch=\S+, )"
                     R"(train binary_classification_cross_entropy <loss>=(\S+))"},
    MetricDefinition{"train:rmse:batch",
                     R"(#quality_metric: host=\S+, epoch=\S+, batch=\S+ train rmse <loss>=(\S+))"},
    MetricDefinition{"train:binary_classification_cross_entropy:batch",
                     R"(#quality_metric: host=\S+, epoch=\S+, batch=\S+ )"
                     R"(train binary_classification_cross_entropy <loss>=(\S+))"},
    MetricDefinition{"train:progress", R"(#progress_metric: host=\S+, completed (\S+) %)"},
    MetricDefinition{"train:throughput",
                     R"(#throughput_metric: host=\S+, train throughput=(\S+) records/second)"},
};

inline constexpr std::array<std::string_view, 1> kRepositories = {"factorization-machines"};
inline constexpr std::array<std::string_view, 6> kChannels = {"train", "test",  "validation",
                                                              "model", "items", "users"};
inline constexpr std::array<std::string_view, 2> kTableChannels = {"items", "users"};
inline constexpr std::array<std::string_view, 2> kContentTypes = {"application/x-recordio-protobuf",
                                                                  "application/x-recordio"};

inline constexpr Algorithm kAlgorithm = {.name = "factorization-machines",
                                         .repositories = kRepositories,
                                         .hyperparameters = kTable,
                                         .metrics = kMetrics,
                                         .channels = kChannels,
                                         .model_channel = kModelChannel,
                                         .content_types = kContentTypes,
                                         .table_channels = kTableChannels,
                                         .train = &train,
                                         .load = &load};

}  // namespace millrace::ml::factorization_machines
