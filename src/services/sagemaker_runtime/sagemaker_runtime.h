// SageMaker Runtime: predictions from endpoints.
// Source: Amazon SageMaker API Reference, SageMaker Runtime, version 2017-05-13.
#pragma once

#include "api/sagemaker_runtime.h"
#include "engines/serving/fleets.h"
#include "wire/pipeline/call.h"

namespace millrace::sagemaker_runtime {

struct SagemakerRuntime {
  serving::Fleets& fleets;
};

}  // namespace millrace::sagemaker_runtime
