// Tells of a training in as many epochs as the log expects.
#pragma once

#include "engines/ml/algorithms/factorization_machines/training.h"

namespace millrace::ml::factorization_machines {

// Not thread-safe; the training outlives it.
class Retold final : public Progress {
 public:
  // `epochs`: of what is told; the log expects those of the training's settings.
  Retold(const Training& training, uint64_t epochs)
      : training_(training), told_(training.settings.epochs), epochs_(epochs) {}

  void batch(uint64_t, uint64_t, const Measures&) override {}
  bool epoch(uint64_t epoch, const Measures& measures, const Model& model) override {
    const uint64_t now = (epoch + 1) * told_ / epochs_;
    if (now == epoch * told_ / epochs_) return !training_.stop.stop_requested();
    return training_.progress.epoch(now - 1, measures, model);
  }
  void note(std::string_view text) override { training_.progress.note(text); }

 private:
  const Training& training_;
  const uint64_t told_;
  const uint64_t epochs_;
};

}  // namespace millrace::ml::factorization_machines
