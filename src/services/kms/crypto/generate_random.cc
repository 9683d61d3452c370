#include "services/kms/crypto/encryption.h"

namespace millrace::kms {

Task<GenerateRandomResponse> generate_random(Kms& kms, wire::Call& call, GenerateRandomRequest in) {
  CO_TRY(check_recipient(in.has_recipient()));
  if (in.has_custom_key_store_id()) co_return fail(unsupported("There are no custom key stores."));
  if (!in.has_number_of_bytes()) co_return fail(errors::validation("NumberOfBytes is required."));
  const auto bytes = static_cast<size_t>(in.number_of_bytes());
  Secret made;
  kms.keyring.random().fill(made.resize(bytes), bytes);
  auto out = call.make<GenerateRandomResponse>();
  out.set_plaintext(made.view());
  co_return out;
}

}  // namespace millrace::kms
