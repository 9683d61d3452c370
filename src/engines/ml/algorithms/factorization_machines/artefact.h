// The file `model_algo-1` of a model folder, as SageMaker's Factorization Machines writes it: a
// zip file of symbol.json, params and meta.json. docs/formats/factorization-machines-model.md.
//
// Functions; they block. What is read may be hostile: kArtefactMembersMax, kJsonMemberBytesMax and
// kModelBytesMax bound it.
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/algorithms/factorization_machines/model.h"
#include "runtime/disk.h"

namespace millrace::ml::factorization_machines {

// The same bytes for the same model and hyperparameters. Errors: exhausted.
Result<Bytes> encode_artefact(const Model& model,
                              const std::map<std::string, std::string>& hyperparameters);

// Errors: invalid (damaged, tensors missing or of shapes that do not agree, numbers that are not
// finite), unsupported, exhausted. `model_bytes_max` bounds what is unpacked.
Result<Model> read_artefact(runtime::File& file, uint64_t model_bytes_max);

}  // namespace millrace::ml::factorization_machines
