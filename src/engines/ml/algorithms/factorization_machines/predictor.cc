#include <utility>

#include "engines/ml/algorithms/factorization_machines/artefact.h"
#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"
#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/algorithms/factorization_machines/recommender.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

class ModelPredictor final : public Predictor {
 public:
  ModelPredictor(ServedModel model, std::unique_ptr<Recommender> recommender)
      : model_(std::move(model)), recommender_(std::move(recommender)) {}

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

  const Recommender* recommender() const override { return recommender_.get(); }

 private:
  ServedModel model_;
  std::unique_ptr<Recommender> recommender_;  // Computes with the model's parameters.
};

}  // namespace

Result<std::unique_ptr<Predictor>> load(runtime::Disk& disk, const runtime::Path& folder) {
  TRY(ServedModel model, ServedModel::open(disk, folder / "model_algo-1", 2 * kModelBytesMax));
  TRY(std::unique_ptr<Recommender> recommender, load_recommender(disk, folder, model.view()));
  return std::unique_ptr<Predictor>(
      std::make_unique<ModelPredictor>(std::move(model), std::move(recommender)));
}

}  // namespace millrace::ml::factorization_machines
