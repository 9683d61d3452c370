#include "engines/ml/algorithms/factorization_machines/artefact.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/symbol.h"
#include "engines/ml/archive.h"
#include "engines/ml/limits.h"
#include "engines/ml/memory_file.h"
#include "engines/ml/mxnet_params.h"
#include "engines/ml/zip_writer.h"

namespace millrace::ml::factorization_machines {
namespace {

namespace json = boost::json;

constexpr std::string_view kSymbolName = "symbol.json";
constexpr std::string_view kParamsName = "params";
constexpr std::string_view kMetaName = "meta.json";
constexpr std::string_view kFieldsName = "fields";  // Of meta.json, of field-aware models.
constexpr uint32_t kParamsAlignment = 64;

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
  if (!model.fields.empty()) meta[kFieldsName] = json::value_from(model.fields);
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

template <class Members>
Result<PredictorType> find_type(const Members& members) {
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

// The first feature of each field of a field-aware model; none of others.
template <class Members>
Result<std::vector<uint64_t>> find_fields(const Members& members, uint64_t feature_dim,
                                          uint64_t num_factors) {
  std::vector<uint64_t> fields;
  const auto found = members.find(std::string(kMetaName));
  if (found == members.end()) return fields;
  TRY(const json::object meta, parse_object(found->second, kMetaName));
  const json::value* given = meta.if_contains(kFieldsName);
  if (given == nullptr) return fields;
  if (!given->is_array() || given->get_array().empty() || given->get_array().size() > kFieldsMax) {
    return invalid("the fields of meta.json are not a list");
  }
  for (const json::value& field : given->get_array()) {
    const uint64_t least = fields.empty() ? 0 : fields.back() + 1;
    json::error_code error;
    const auto first = field.to_number<uint64_t>(error);
    if (error || first < least || first >= feature_dim || (fields.empty() && first != 0)) {
      return invalid("the fields of meta.json do not ascend from 0");
    }
    fields.push_back(first);
  }
  if (num_factors % fields.size() != 0) return invalid("the factors do not agree with the fields");
  return fields;
}

using StoredTensors = std::map<std::string, StoredTensor>;

const StoredTensor* find_tensor(const StoredTensors& tensors, std::string_view name) {
  for (const std::string_view prefix : {"arg:", ""}) {
    const auto found = tensors.find(fmt::format("{}{}", prefix, name));
    if (found != tensors.end()) return &found->second;
  }
  return nullptr;
}

uint64_t count_of(const StoredTensor& tensor) {
  uint64_t count = 1;
  for (const uint64_t size : tensor.shape) count *= size;
  return count;
}

// The three parameters as they lie in the file.
struct Parameters {
  const StoredTensor* factors = nullptr;
  const StoredTensor* linear = nullptr;
  const StoredTensor* bias = nullptr;
  bool transposed = false;  // Factors are num_factors x feature_dim.
  uint64_t feature_dim = 0;
  uint32_t num_factors = 0;

  bool plain() const { return !transposed && factors->plain() && linear->plain() && bias->plain(); }
};

Result<Parameters> find_parameters(const StoredTensors& tensors) {
  Parameters found{find_tensor(tensors, "v"), find_tensor(tensors, "w1_weight"),
                   find_tensor(tensors, "w0_weight")};
  if (found.linear == nullptr) {  // As trained on GPUs: one dense layer.
    found.linear = find_tensor(tensors, "Linear_Plus_Bias_weight");
    found.transposed = true;
  }
  if (found.bias == nullptr) found.bias = find_tensor(tensors, "Linear_Plus_Bias_bias");
  if (found.factors == nullptr) return invalid("the tensor 'v' is missing");
  if (found.linear == nullptr) return invalid("the tensor 'w1_weight' is missing");
  if (found.bias == nullptr) return invalid("the tensor 'w0_weight' is missing");
  const auto& shape = found.factors->shape;
  if (shape.size() != 2) return invalid("the tensor 'v' is no matrix");
  if (count_of(*found.bias) != 1) return invalid("the tensor 'w0_weight' is no number");
  found.feature_dim = shape[found.transposed ? 1 : 0];
  const uint64_t factors = shape[found.transposed ? 0 : 1];
  if (found.feature_dim == 0 || found.feature_dim > kFeatureDimMax) {
    return invalid("the tensor 'v' has no features");
  }
  if (factors == 0 || factors > 0x7fffffff) return invalid("the tensor 'v' has no factors");
  found.num_factors = static_cast<uint32_t>(factors);
  if (count_of(*found.linear) != found.feature_dim) {
    return invalid("the tensors 'v' and 'w1_weight' have different numbers of features");
  }
  return found;
}

Result<Model> assemble(PredictorType type, const Parameters& parameters) {
  const uint64_t features = parameters.feature_dim;
  const uint64_t factors = parameters.num_factors;
  TRY(const Tensor v, copy_tensor(*parameters.factors));
  TRY(const Tensor linear, copy_tensor(*parameters.linear));
  TRY(const Tensor bias, copy_tensor(*parameters.bias));
  Model model(type, features, static_cast<uint32_t>(factors));
  for (uint64_t i = 0; i < features; ++i) {
    float* row = model.row(i);
    for (uint64_t f = 0; f < factors; ++f) {
      row[f] = v.values[parameters.transposed ? f * features + i : i * factors + f];
    }
    model.linear(i) = linear.values[i];
    bool finite = std::isfinite(model.linear(i));
    for (uint64_t f = 0; f < factors; ++f) finite &= std::isfinite(row[f]);
    if (!finite) {
      return invalid(fmt::format("a parameter of feature {} is not a finite number", i));
    }
  }
  model.bias = bias.values.front();
  if (!std::isfinite(model.bias)) return invalid("the bias is not a finite number");
  return model;
}

// Floats into a member of the zip file, a block at a time.
class FloatWriter {
 public:
  explicit FloatWriter(ZipWriter& zip) : zip_(zip) { block_.reserve(kBlockBytes); }

  Result<void> add(const float* values, size_t count) {
    const BytesView bytes(reinterpret_cast<const char*>(values), count * sizeof(float));
    if (block_.size() + bytes.size() > kBlockBytes) TRY(flush());
    if (bytes.size() > kBlockBytes) return zip_.append(bytes);
    block_ += bytes;
    return ok;
  }
  Result<void> flush() {
    TRY(zip_.append(block_));
    block_.clear();
    return ok;
  }

 private:
  static constexpr size_t kBlockBytes = 1 << 20;
  ZipWriter& zip_;
  Bytes block_;
};

Result<void> write_params(ZipWriter& zip, const Model& model) {
  const uint64_t features = model.feature_dim();
  const uint32_t factors = model.num_factors();
  TRY(zip.append(mxnet_list_head(3)));
  TRY(zip.append(mxnet_tensor_head({features, factors})));
  FloatWriter floats(zip);
  for (uint64_t i = 0; i < features; ++i) TRY(floats.add(model.row(i), factors));
  TRY(floats.flush());
  TRY(zip.append(mxnet_tensor_head({1, 1})));
  TRY(floats.add(&model.bias, 1));
  TRY(floats.flush());
  TRY(zip.append(mxnet_tensor_head({features, 1})));
  TRY(floats.add(model.view().linear, features));
  TRY(floats.flush());
  return zip.append(mxnet_list_tail({"arg:v", "arg:w0_weight", "arg:w1_weight"}));
}

Result<void> write_artefact(runtime::File& file, const Model& model,
                            const std::map<std::string, std::string>& hyperparameters) {
  ZipWriter zip(file);
  TRY(zip.begin(kMetaName));
  TRY(zip.append(encode_meta(model, hyperparameters)));
  TRY(zip.end());
  // 64 bytes of heads stand before the factors, which so begin on a cache line, too.
  TRY(zip.begin(kParamsName, kParamsAlignment));
  TRY(write_params(zip, model));
  TRY(zip.end());
  TRY(zip.begin(kSymbolName));
  TRY(zip.append(encode_symbol(model)));
  TRY(zip.end());
  return zip.finish();
}

// A view onto a mapped artefact; nothing where the parameters do not lie as they are computed with.
Result<std::optional<ModelView>> view_of(BytesView file, uint64_t model_bytes_max,
                                         std::vector<uint64_t>& fields) {
  const auto members = stored_members(file, kArtefactMembersMax);
  if (!members) return std::nullopt;
  const auto params = members->find(std::string(kParamsName));
  if (params == members->end()) return invalid("it has no 'params'");
  TRY(const PredictorType type, find_type(*members));
  TRY(const auto tensors, locate_mxnet_params(params->second, model_bytes_max / sizeof(float)));
  TRY(const Parameters found, find_parameters(tensors));
  if (!found.plain()) return std::nullopt;
  const float bias = *found.bias->floats();
  if (!std::isfinite(bias)) return invalid("the bias is not a finite number");
  TRY(fields, find_fields(*members, found.feature_dim, found.num_factors));
  return ModelView{.type = type,
                   .feature_dim = found.feature_dim,
                   .num_factors = found.num_factors,
                   .bias = bias,
                   .linear = found.linear->floats(),
                   .factors = found.factors->floats(),
                   .stride = found.num_factors,
                   .fields = fields};
}

}  // namespace

Result<void> save_artefact(runtime::Disk& disk, const runtime::Path& path, const Model& model,
                           const std::map<std::string, std::string>& hyperparameters) {
  const runtime::Path beside = path.string() + ".new";
  if (auto removed = disk.remove(beside);
      !removed && removed.error().kind != ErrorKind::not_found) {
    return removed;
  }
  {
    TRY(const auto file, disk.open(beside, runtime::OpenMode::create_new));
    TRY(write_artefact(*file, model, hyperparameters));
    TRY(file->sync());
  }
  TRY(disk.rename(beside, path));
  return disk.sync_directory(path.parent_path());
}

Result<Bytes> encode_artefact(const Model& model,
                              const std::map<std::string, std::string>& hyperparameters) {
  GrowingFile file;
  TRY(write_artefact(file, model, hyperparameters));
  return file.take();
}

Result<Model> read_artefact(runtime::File& file, uint64_t model_bytes_max) {
  const uint64_t total_max = model_bytes_max + 2 * kJsonMemberBytesMax;
  TRY(auto members, read_zip(file, kArtefactMembersMax, total_max));
  const auto params = members.find(std::string(kParamsName));
  if (params == members.end()) return invalid("it has no 'params'");
  TRY(const PredictorType type, find_type(members));
  TRY(const auto tensors, locate_mxnet_params(params->second, model_bytes_max / sizeof(float)));
  TRY(const Parameters found, find_parameters(tensors));
  TRY(Model model, assemble(type, found));
  TRY(model.fields, find_fields(members, model.feature_dim(), model.num_factors()));
  return model;
}

Result<ServedModel> ServedModel::open(runtime::Disk& disk, const runtime::Path& path,
                                      uint64_t model_bytes_max) {
  TRY(const auto file, disk.open(path, runtime::OpenMode::read));
  ServedModel served;
  Result<MappedFile> mapped = MappedFile::map(*file);
  if (mapped) {
    TRY(const std::optional<ModelView> view,
        view_of(mapped->bytes(), model_bytes_max, served.fields_));
    if (view) {
      served.file_.emplace(std::move(*mapped));
      served.view_ = *view;
      return served;
    }
  }
  TRY(Model model, read_artefact(*file, model_bytes_max));
  served.copy_ = std::make_unique<const Model>(std::move(model));
  served.view_ = served.copy_->view();
  return served;
}

}  // namespace millrace::ml::factorization_machines
