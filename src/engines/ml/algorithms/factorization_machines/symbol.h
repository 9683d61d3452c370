// The computation of a factorization machine as an MXNet 1.x symbol in JSON, so that
// `mx.module.Module.load(…, label_names=['out_label'])` can run an artefact of ours.
#pragma once

#include "base/bytes.h"
#include "engines/ml/algorithms/factorization_machines/model.h"

namespace millrace::ml::factorization_machines {

Bytes encode_symbol(const Model& model);

}  // namespace millrace::ml::factorization_machines
