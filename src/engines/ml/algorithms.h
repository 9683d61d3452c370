// The built-in algorithms. Constants; thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "engines/ml/algorithm.h"

namespace millrace::ml {

std::span<const Algorithm> algorithms();

// By name (`factorization-machines`); null where there is none.
const Algorithm* find_algorithm(std::string_view name);

// By the image of a training job or a model, of any of AWS's registries and any tag or digest:
// 382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1. Null where it designates
// no built-in algorithm.
const Algorithm* find_algorithm_of_image(std::string_view image);

}  // namespace millrace::ml
