#include <fmt/format.h>

#include <algorithm>

#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

std::string arn_of(const Realm& realm, std::string_view kind, std::string_view name) {
  std::string resource = fmt::format("{}/{}", kind, name);
  std::ranges::transform(resource, resource.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return make_arn("sagemaker", realm, resource);
}

Error could_not_find(std::string_view noun, std::string_view arn) {
  return errors::validation(fmt::format("Could not find {} \"{}\".", noun, arn));
}

Error already_existing(std::string_view noun, std::string_view arn) {
  return errors::validation(fmt::format("Cannot create already existing {} \"{}\".", noun, arn));
}

Error unknown_image(std::string_view image) {
  return errors::validation(fmt::format(
      "The image {} is not implemented by Millrace; its algorithms are: factorization-machines, "
      "under any of AWS's registries.",
      image));
}

}  // namespace millrace::sagemaker
