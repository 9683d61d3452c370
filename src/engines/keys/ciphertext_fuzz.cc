// Any bytes parse to a ciphertext or to nothing; a ciphertext has exactly one form.
#include "engines/keys/ciphertext.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = keys::parse_ciphertext(bytes);
  if (!parsed) return 0;
  if (!keys::is_key_id(parsed->key_id)) std::abort();
  Bytes again = keys::ciphertext_header(parsed->key_id, parsed->material, parsed->salt);
  if (again != parsed->header) std::abort();
  again.append(parsed->sealed);
  if (again != bytes) std::abort();
  return 0;
}
