// The file `model_algo-1` of a model folder, as SageMaker's Factorization Machines writes it: a
// zip file of symbol.json, params and meta.json. docs/formats/factorization-machines-model.md.
//
// Writing takes a buffer beside the model, however large it is. Reading maps the file where its
// parameters lie as we write them, so that a model is ready at once and processes share its pages;
// else it copies them. What is read may be hostile: kArtefactMembersMax, kJsonMemberBytesMax and
// kModelBytesMax bound it.
//
// Functions block. Errors: exhausted (a limit, a full disk), what the disk answers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/algorithms/factorization_machines/model.h"
#include "engines/ml/mapped_file.h"
#include "runtime/disk.h"

namespace millrace::ml::factorization_machines {

// Writes beside, syncs and renames: after a crash there is the whole file or none. The same bytes
// for the same model and hyperparameters.
Result<void> save_artefact(runtime::Disk& disk, const runtime::Path& path, const Model& model,
                           const std::map<std::string, std::string>& hyperparameters);

// The same bytes in memory.
Result<Bytes> encode_artefact(const Model& model,
                              const std::map<std::string, std::string>& hyperparameters);

// A copy that can be trained on. Errors: invalid (damaged, tensors missing or of shapes that do not
// agree, numbers that are not finite), unsupported, exhausted. `model_bytes_max` bounds what is
// unpacked.
Result<Model> read_artefact(runtime::File& file, uint64_t model_bytes_max);

// A model to compute with, mapped or copied. Thread-safe. The file must not shrink while it is
// mapped (mapped_file.h). The parameters of a mapped model are not looked at before they are used:
// whoever computes with it checks that the outcome is finite.
class ServedModel final {
 public:
  // Errors: as read_artefact()'s, not_found.
  static Result<ServedModel> open(runtime::Disk& disk, const runtime::Path& path,
                                  uint64_t model_bytes_max);

  const ModelView& view() const { return view_; }
  bool mapped() const { return file_.has_value(); }

 private:
  ServedModel() = default;

  std::optional<MappedFile> file_;
  std::unique_ptr<const Model> copy_;
  std::vector<uint64_t> fields_;  // What the view's lie in.
  ModelView view_;
};

}  // namespace millrace::ml::factorization_machines
