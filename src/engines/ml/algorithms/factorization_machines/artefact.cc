#include "engines/ml/algorithms/factorization_machines/artefact.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/symbol.h"
#include "engines/ml/archive.h"
#include "engines/ml/limits.h"
#include "engines/ml/mxnet_params.h"

namespace millrace::ml::factorization_machines {
namespace {

namespace json = boost::json;

constexpr std::string_view kSymbolName = "symbol.json";
constexpr std::string_view kParamsName = "params";
constexpr std::string_view kMetaName = "meta.json";

std::unexpected<Error> invalid(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the model artefact is not valid: {}", what));
}

std::string_view type_name(PredictorType type) {
  return type == PredictorType::regressor ? "regressor" : "binary_classifier";
}

Bytes encode_meta(const Model& model, const std::map<std::string, std::string>& hyperparameters) {
  json::object parameters;
  for (const auto& [name, text] : hyperparameters) parameters[name] = text;
  parameters["feature_dim"] = std::to_string(model.feature_dim());
  parameters["num_factors"] = std::to_string(model.num_factors());
  parameters["predictor_type"] = type_name(model.type());
  json::object meta;
  meta["training_parameters"] = std::move(parameters);
  return json::serialize(meta);
}

Result<json::object> parse_object(BytesView text, std::string_view name) {
  if (text.size() > kJsonMemberBytesMax) return invalid(fmt::format("{} is too large", name));
  json::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return invalid(fmt::format("{} is not a JSON object", name));
  return std::move(value.get_object());
}

std::optional<std::string> training_parameter(const json::object& meta, std::string_view name) {
  const json::value* parameters = meta.if_contains("training_parameters");
  if (parameters == nullptr || !parameters->is_object()) return {};
  const json::value* value = parameters->get_object().if_contains(name);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

// The output layer of the symbol says what is predicted.
std::optional<PredictorType> type_of_symbol(const json::object& symbol) {
  const json::value* nodes = symbol.if_contains("nodes");
  if (nodes == nullptr || !nodes->is_array()) return {};
  for (const json::value& node : nodes->get_array()) {
    if (!node.is_object()) continue;
    const json::value* op = node.get_object().if_contains("op");
    if (op == nullptr || !op->is_string()) continue;
    if (op->get_string() == "LogisticRegressionOutput") return PredictorType::binary_classifier;
    if (op->get_string() == "LinearRegressionOutput") return PredictorType::regressor;
  }
  return {};
}

Result<PredictorType> find_type(const std::map<std::string, Bytes>& members) {
  if (const auto found = members.find(std::string(kMetaName)); found != members.end()) {
    TRY(const json::object meta, parse_object(found->second, kMetaName));
    const std::optional<std::string> type = training_parameter(meta, "predictor_type");
    if (type == "regressor") return PredictorType::regressor;
    if (type == "binary_classifier") return PredictorType::binary_classifier;
  }
  const auto found = members.find(std::string(kSymbolName));
  if (found == members.end()) return invalid("it has neither meta.json nor symbol.json");
  TRY(const json::object symbol, parse_object(found->second, kSymbolName));
  const std::optional<PredictorType> type = type_of_symbol(symbol);
  if (!type) return invalid("it does not say whether it is a regressor or a classifier");
  return *type;
}

const Tensor* find_tensor(const std::map<std::string, Tensor>& tensors, std::string_view name) {
  for (const std::string_view prefix : {"arg:", ""}) {
    const auto found = tensors.find(fmt::format("{}{}", prefix, name));
    if (found != tensors.end()) return &found->second;
  }
  return nullptr;
}

// The three parameters as they lie in the file.
struct Tensors {
  const Tensor* factors;
  const Tensor* linear;
  const Tensor* bias;
  bool transposed;  // Factors are num_factors x feature_dim.
};

Result<Tensors> find_tensors(const std::map<std::string, Tensor>& tensors) {
  Tensors found{find_tensor(tensors, "v"), find_tensor(tensors, "w1_weight"),
                find_tensor(tensors, "w0_weight"), false};
  if (found.linear == nullptr) {  // As trained on GPUs: one dense layer.
    found.linear = find_tensor(tensors, "Linear_Plus_Bias_weight");
    found.transposed = true;
  }
  if (found.bias == nullptr) found.bias = find_tensor(tensors, "Linear_Plus_Bias_bias");
  if (found.factors == nullptr) return invalid("the tensor 'v' is missing");
  if (found.linear == nullptr) return invalid("the tensor 'w1_weight' is missing");
  if (found.bias == nullptr) return invalid("the tensor 'w0_weight' is missing");
  if (found.factors->shape.size() != 2) return invalid("the tensor 'v' is no matrix");
  if (found.bias->values.size() != 1) return invalid("the tensor 'w0_weight' is no number");
  return found;
}

Result<Model> assemble(PredictorType type, const Tensors& tensors) {
  const auto& shape = tensors.factors->shape;
  const uint64_t features = shape[tensors.transposed ? 1 : 0];
  const uint64_t factors = shape[tensors.transposed ? 0 : 1];
  if (features == 0 || features > kFeatureDimMax) return invalid("the tensor 'v' has no features");
  if (factors == 0 || factors > 0x7fffffff) return invalid("the tensor 'v' has no factors");
  if (tensors.linear->values.size() != features) {
    return invalid("the tensors 'v' and 'w1_weight' have different numbers of features");
  }
  Model model(type, features, static_cast<uint32_t>(factors));
  const std::vector<float>& v = tensors.factors->values;
  for (uint64_t i = 0; i < features; ++i) {
    float* row = model.row(i);
    for (uint64_t f = 0; f < factors; ++f) {
      row[f] = v[tensors.transposed ? f * features + i : i * factors + f];
    }
    model.linear(i) = tensors.linear->values[i];
    bool finite = std::isfinite(model.linear(i));
    for (uint64_t f = 0; f < factors; ++f) finite &= std::isfinite(row[f]);
    if (!finite) {
      return invalid(fmt::format("a parameter of feature {} is not a finite number", i));
    }
  }
  model.bias = tensors.bias->values.front();
  if (!std::isfinite(model.bias)) return invalid("the bias is not a finite number");
  return model;
}

}  // namespace

Result<Bytes> encode_artefact(const Model& model,
                              const std::map<std::string, std::string>& hyperparameters) {
  const uint64_t features = model.feature_dim();
  const uint32_t factors = model.num_factors();
  Tensor v{{features, factors}, {}};
  Tensor linear{{features, 1}, {}};
  v.values.reserve(features * factors);
  linear.values.reserve(features);
  for (uint64_t i = 0; i < features; ++i) {
    v.values.insert(v.values.end(), model.row(i), model.row(i) + factors);
    linear.values.push_back(model.linear(i));
  }
  std::vector<std::pair<std::string, Tensor>> tensors;
  tensors.emplace_back("arg:v", std::move(v));
  tensors.emplace_back("arg:w0_weight", Tensor{{1, 1}, {model.bias}});
  tensors.emplace_back("arg:w1_weight", std::move(linear));
  std::vector<ArchiveMember> members;
  members.push_back({std::string(kMetaName), encode_meta(model, hyperparameters)});
  members.push_back({std::string(kParamsName), encode_mxnet_params(tensors)});
  members.push_back({std::string(kSymbolName), encode_symbol(model)});
  return make_zip(members);
}

Result<Model> read_artefact(runtime::File& file, uint64_t model_bytes_max) {
  const uint64_t total_max = model_bytes_max + 2 * kJsonMemberBytesMax;
  TRY(auto members, read_zip(file, kArtefactMembersMax, total_max));
  const auto params = members.find(std::string(kParamsName));
  if (params == members.end()) return invalid("it has no 'params'");
  TRY(const PredictorType type, find_type(members));
  TRY(const auto tensors, parse_mxnet_params(params->second, model_bytes_max / sizeof(float)));
  params->second = Bytes();  // Two copies are enough.
  TRY(const Tensors found, find_tensors(tensors));
  return assemble(type, found);
}

}  // namespace millrace::ml::factorization_machines
