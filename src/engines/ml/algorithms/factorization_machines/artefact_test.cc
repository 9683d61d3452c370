#include "engines/ml/algorithms/factorization_machines/artefact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/settings.h"
#include "engines/ml/algorithms/factorization_machines/symbol.h"
#include "engines/ml/archive.h"
#include "engines/ml/limits.h"
#include "engines/ml/mxnet_params.h"
#include "engines/ml/test_data.h"

namespace millrace::ml::factorization_machines {
namespace {

class Artefact : public testing::Test {
 protected:
  Result<Model> read(BytesView bytes) {
    const auto path = folder.write("model_algo-1", bytes);
    const auto file = disk->open(path, runtime::OpenMode::read);
    return read_artefact(**file, 1 << 20);
  }
  Result<ServedModel> serve(BytesView bytes) {
    return ServedModel::open(*disk, folder.write("served", bytes), 1 << 20);
  }
  std::string error_of(const std::vector<ArchiveMember>& members) {
    const auto model = read(*make_zip(members));
    return model ? "none" : model.error().message;
  }

  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
};

Model make_model(PredictorType type) {
  Settings settings;
  settings.bias.initializer = settings.linear.initializer =
      settings.factors.initializer = {Initializer::Method::normal, 1};
  Model model(type, 7, 3);
  initialize(model, settings);
  return model;
}

const Bytes kMeta = R"({"training_parameters": {"predictor_type": "regressor"}})";
const Tensor kFactors{{2, 3}, {1, 2, 3, 4, 5, 6}};
const Tensor kLinear{{2, 1}, {7, 8}};
const Tensor kBias{{1}, {9}};

Bytes params(const Tensor& v, const Tensor& w1, const Tensor& w0) {
  return encode_mxnet_params({{"arg:v", v}, {"arg:w1_weight", w1}, {"arg:w0_weight", w0}});
}

TEST_F(Artefact, WritesWhatItReads) {
  for (const PredictorType type : {PredictorType::regressor, PredictorType::binary_classifier}) {
    const Model model = make_model(type);
    const auto bytes = encode_artefact(model, {{"epochs", "3"}});
    ASSERT_TRUE(bytes);
    const auto again = read(*bytes);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, model);
    EXPECT_EQ(*encode_artefact(model, {{"epochs", "3"}}), *bytes);
  }
}

// Of all parameters.
bool equal(const ModelView& a, const ModelView& b) {
  if (a.type != b.type || a.bias != b.bias || a.feature_dim != b.feature_dim) return false;
  if (a.num_factors != b.num_factors) return false;
  for (uint64_t i = 0; i < a.feature_dim; ++i) {
    if (a.linear[i] != b.linear[i]) return false;
    if (!std::equal(a.row(i), a.row(i) + a.num_factors, b.row(i))) return false;
  }
  return true;
}

TEST_F(Artefact, IsServedWhereItLies) {
  const Model model = make_model(PredictorType::binary_classifier);
  for (const std::string_view epochs : {"3", "30", "300"}) {  // Shifts what follows meta.json.
    const auto served = serve(*encode_artefact(model, {{"epochs", std::string(epochs)}}));
    ASSERT_TRUE(served) << served.error().message;
    EXPECT_TRUE(served->mapped());
    EXPECT_TRUE(equal(served->view(), model.view()));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(served->view().factors) % 64, 0u);
  }
}

TEST_F(Artefact, IsCopiedWhereItsLayoutIsAnother) {
  const Tensor v{{3, 2}, {1, 4, 2, 5, 3, 6}};
  const Tensor weight{{1, 2}, {7, 8}};
  const Bytes dense = encode_mxnet_params({{"arg:v", v},
                                           {"arg:Linear_Plus_Bias_weight", weight},
                                           {"arg:Linear_Plus_Bias_bias", kBias}});
  const auto transposed = serve(*make_zip({{"meta.json", kMeta}, {"params", dense}}));
  ASSERT_TRUE(transposed) << transposed.error().message;
  EXPECT_FALSE(transposed->mapped());
  EXPECT_EQ(transposed->view().row(1)[0], 4);
  // Of four names of a member one puts the parameters where a float may be read.
  size_t mapped = 0;
  for (const std::string& name : {"a", "ab", "abc", "abcd"}) {
    const auto served = serve(*make_zip(
        {{name, ""}, {"meta.json", kMeta}, {"params", params(kFactors, kLinear, kBias)}}));
    ASSERT_TRUE(served) << served.error().message;
    mapped += served->mapped();
    EXPECT_EQ(served->view().row(1)[2], 6);
    EXPECT_EQ(served->view().linear[1], 8);
    EXPECT_EQ(served->view().bias, 9);
  }
  EXPECT_EQ(mapped, 1u);
}

TEST_F(Artefact, ServesNoDamagedArtefact) {
  const Model model = make_model(PredictorType::regressor);
  const Bytes bytes = *encode_artefact(model, {});
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const auto cut = serve(BytesView(bytes).substr(0, size));
    if (cut) EXPECT_TRUE(equal(cut->view(), model.view())) << size;
  }
  // Whatever a byte of a head or of the directory becomes, nothing outside the file is read.
  for (size_t at = 0; at < bytes.size(); at += 3) {
    Bytes broken = bytes;
    broken[at] = static_cast<char>(broken[at] ^ 0xff);
    const auto served = serve(broken);
    if (!served || !served->mapped()) continue;
    const ModelView& view = served->view();
    EXPECT_LE(view.feature_dim * (view.num_factors + 1) * sizeof(float), bytes.size()) << at;
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(serve(
      *make_zip({{"meta.json", kMeta}, {"params", params(kFactors, kLinear, {{1}, {nan}})}})));
  EXPECT_EQ(ServedModel::open(*disk, folder.path() / "none", 1 << 20).error().kind,
            ErrorKind::not_found);
}

TEST_F(Artefact, IsSavedAsItIsEncoded) {
  const Model model = make_model(PredictorType::regressor);
  const auto path = folder.path() / "saved";
  for (int round = 0; round < 2; ++round) {  // The second time over the first.
    const auto saved = save_artefact(*disk, path, model, {{"epochs", "3"}});
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_EQ(*runtime::read_file(*disk, path, 1 << 20),
              *encode_artefact(model, {{"epochs", "3"}}));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "saved.new"));
}

TEST_F(Artefact, HasTheMembersAndTensorsOfAws) {
  const Model model = make_model(PredictorType::regressor);
  const auto path = folder.write("a", *encode_artefact(model, {}));
  const auto file = disk->open(path, runtime::OpenMode::read);
  const auto members = read_zip(**file, 10, 1 << 20);
  ASSERT_TRUE(members);
  EXPECT_EQ(members->size(), 3u);
  ASSERT_TRUE(members->contains("symbol.json"));
  ASSERT_TRUE(members->contains("meta.json"));
  const auto tensors = parse_mxnet_params(members->at("params"), 1000);
  ASSERT_TRUE(tensors);
  EXPECT_EQ(tensors->at("arg:v").shape, (std::vector<uint64_t>{7, 3}));
  EXPECT_EQ(tensors->at("arg:w1_weight").shape, (std::vector<uint64_t>{7, 1}));
  EXPECT_EQ(tensors->at("arg:w0_weight").values, std::vector<float>{model.bias});
}

TEST_F(Artefact, ReadsTheLayoutOfOneDenseLayer) {
  const Tensor v{{3, 2}, {1, 4, 2, 5, 3, 6}};
  const Tensor weight{{1, 2}, {7, 8}};
  const auto model =
      read(*make_zip({{"meta.json", kMeta},
                      {"params", encode_mxnet_params({{"arg:v", v},
                                                      {"arg:Linear_Plus_Bias_weight", weight},
                                                      {"arg:Linear_Plus_Bias_bias", kBias}})}}));
  const auto plain =
      read(*make_zip({{"meta.json", kMeta}, {"params", params(kFactors, kLinear, kBias)}}));
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(*model, *plain);
  EXPECT_EQ(plain->row(1)[0], 4);
  EXPECT_EQ(plain->linear(1), 8);
  EXPECT_EQ(plain->bias, 9);
}

TEST_F(Artefact, TakesTheTypeFromTheSymbolWhereMetaIsMissing) {
  const Model classifier = make_model(PredictorType::binary_classifier);
  const auto model = read(*make_zip(
      {{"params", params(kFactors, kLinear, kBias)}, {"symbol.json", encode_symbol(classifier)}}));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->type(), PredictorType::binary_classifier);
}

TEST_F(Artefact, RefusesWhatDoesNotAgree) {
  const auto with = [&](const Bytes& bytes) {
    return error_of({{"meta.json", kMeta}, {"params", bytes}});
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(with(params(kFactors, kLinear, kBias)), "none");
  EXPECT_NE(with(params(kFactors, {{3, 1}, {1, 2, 3}}, kBias)).find("different numbers"),
            std::string::npos);
  EXPECT_NE(with(params({{6}, {1, 2, 3, 4, 5, 6}}, kLinear, kBias)).find("matrix"),
            std::string::npos);
  EXPECT_NE(with(params(kFactors, kLinear, {{2}, {1, 2}})).find("w0_weight"), std::string::npos);
  EXPECT_NE(with(params({{2, 3}, {1, 2, nan, 4, 5, 6}}, kLinear, kBias)).find("finite"),
            std::string::npos);
  EXPECT_NE(with(params(kFactors, kLinear, {{1}, {nan}})).find("finite"), std::string::npos);
  EXPECT_NE(with(params({{0, 3}, {}}, {{0, 1}, {}}, kBias)), "none");
  EXPECT_NE(with(encode_mxnet_params({{"arg:v", kFactors}})).find("w1_weight"), std::string::npos);
  EXPECT_NE(with("nonsense"), "none");
  EXPECT_NE(error_of({{"meta.json", kMeta}}).find("params"), std::string::npos);
  EXPECT_NE(error_of({{"params", params(kFactors, kLinear, kBias)}}).find("meta.json"),
            std::string::npos);
  EXPECT_NE(error_of({{"meta.json", "[]"}, {"params", params(kFactors, kLinear, kBias)}}), "none");
}

TEST_F(Artefact, RefusesEveryCutOffArtefact) {
  const Model model = make_model(PredictorType::regressor);
  const Bytes bytes = *encode_artefact(model, {});
  for (size_t size = 0; size < bytes.size(); size += 7) {
    const auto cut = read(BytesView(bytes).substr(0, size));
    // The directory at the end is not needed; what is read must be right.
    if (cut) EXPECT_EQ(*cut, model) << size;
  }
  EXPECT_FALSE(read(BytesView(bytes).substr(0, bytes.size() / 2)));
}

}  // namespace
}  // namespace millrace::ml::factorization_machines
