// Reactions: what SageMaker does when something of its own has changed.
#pragma once

#include "services/sagemaker/sagemaker.h"
#include "store/bus.h"

namespace millrace::sagemaker {

// Before the bus starts; `service` outlives the bus.
void subscribe(store::Bus& bus, Sagemaker& service);

}  // namespace millrace::sagemaker
