#include "services/s3/configurations/identified.h"

#include <algorithm>

namespace millrace::s3 {
namespace {

constexpr size_t kIdBytesMax = 64;

bool is_id(std::string_view id) {
  if (id.empty() || id.size() > kIdBytesMax) return false;
  return std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.").find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<void> check_configuration_id(std::string_view id, std::string_view in_document) {
  if (id != in_document) return fail(problem(Problem::id_mismatch));
  if (is_id(id)) return {};
  return fail(problem(Problem::invalid_configuration_id, {{"ArgumentName", "id"}}));
}

}  // namespace millrace::s3
