#include <utility>

#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"
#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

class ModelPredictor final : public Predictor {
 public:
  explicit ModelPredictor(ServedModel model) : model_(std::move(model)) {}

  uint64_t feature_dim() const override { return model_.view().feature_dim; }

  void predict(const RowBatch& rows, std::vector<Prediction>& predictions) const override {
    const ModelView& view = model_.view();
    predictions.clear();
    predictions.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      Prediction prediction;
      prediction.score =
          score_of(view.type, ml::factorization_machines::predict(view, rows.row(i)));
      if (view.type == PredictorType::binary_classifier) {
        prediction.predicted_label = prediction.score > 0.5f ? 1.0f : 0.0f;
      }
      predictions.push_back(prediction);
    }
  }

 private:
  ServedModel model_;
};

}  // namespace

Result<std::unique_ptr<Predictor>> load(runtime::Disk& disk, const runtime::Path& folder) {
  TRY(ServedModel model, ServedModel::open(disk, folder / "model_algo-1", 2 * kModelBytesMax));
  return std::unique_ptr<Predictor>(std::make_unique<ModelPredictor>(std::move(model)));
}

}  // namespace millrace::ml::factorization_machines
