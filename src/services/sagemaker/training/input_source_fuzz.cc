// Any bytes as a manifest: what is taken names files below a folder, and keys by their names alone.
#include <cstdlib>

#include "services/sagemaker/training/input_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const auto manifest =
      sagemaker::parse_manifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest) return 0;
  if (manifest->prefix.bucket.empty() || manifest->names.empty()) std::abort();
  for (const std::string& name : manifest->names) {
    if (name.empty() || name.find("/../") != std::string::npos) std::abort();
  }
  return 0;
}
