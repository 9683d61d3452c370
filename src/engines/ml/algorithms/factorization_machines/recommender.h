// The best items of a factorization machine for a user: with x the user's (and the request's)
// features and z an item's, the output of the row of both is
//   y(x, z) = y(x) + y(z) - w0 + <s(x), s(z)>,   s(x) = sum over features of v_i x_i,
// so the best items are those of the largest <s(x), s(z)> + y(z) - w0, which TopNIndex finds.
//
// Immutable; thread-safe. The model lies where it is until the recommender ends.
#pragma once

#include <memory>
#include <optional>

#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/recommendation.h"
#include "runtime/disk.h"

namespace millrace::ml::factorization_machines {

// Of items.jsonl and, where it is there, users.jsonl in a model folder; nullptr where the folder
// has no items.jsonl. Errors: invalid, unsupported (a
// field-aware model), exhausted, what the disk answers.
Result<std::unique_ptr<Recommender>> load_recommender(runtime::Disk& disk,
                                                      const runtime::Path& folder,
                                                      const ModelView& model);

// The tables of a training job's channels, checked and written beside the artefact.
struct TableFiles {
  runtime::Path folder;                             // The channels' folders are below it.
  const std::vector<std::string>* items = nullptr;  // Files of the channel; nullptr: not given.
  const std::vector<std::string>* users = nullptr;
};
Result<void> save_tables(runtime::Disk& disk, const TableFiles& files, uint64_t feature_dim,
                         const runtime::Path& folder);

}  // namespace millrace::ml::factorization_machines
