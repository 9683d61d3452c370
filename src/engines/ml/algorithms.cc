#include "engines/ml/algorithms.h"

#include <algorithm>
#include <array>

#include "engines/ml/algorithms/factorization_machines/factorization_machines.h"

namespace millrace::ml {
namespace {

// Every built-in algorithm; one line each.
constexpr std::array kAlgorithms = {
    factorization_machines::kAlgorithm,
};

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::span<const Algorithm> algorithms() { return kAlgorithms; }

const Algorithm* find_algorithm(std::string_view name) {
  const auto found = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                  [&](const Algorithm& a) { return a.name == name; });
  return found == kAlgorithms.end() ? nullptr : &*found;
}

const Algorithm* find_algorithm_of_image(std::string_view image) {
  // <account>.dkr.ecr[-fips].<region>.<domain>/<repository>[:<tag>][@<digest>]
  const size_t slash = image.find('/');
  if (slash == std::string_view::npos) return nullptr;
  const std::string_view host = image.substr(0, slash);
  const size_t dot = host.find('.');
  if (dot == std::string_view::npos || !is_digits(host.substr(0, dot))) return nullptr;
  const std::string_view registry = host.substr(dot + 1);
  if (!registry.starts_with("dkr.ecr.") && !registry.starts_with("dkr.ecr-fips.")) return nullptr;
  const std::string_view path = image.substr(slash + 1);
  const std::string_view repository = path.substr(0, path.find_first_of(":@"));
  for (const Algorithm& algorithm : kAlgorithms) {
    const auto& names = algorithm.repositories;
    if (std::find(names.begin(), names.end(), repository) != names.end()) return &algorithm;
  }
  return nullptr;
}

}  // namespace millrace::ml
