#include <algorithm>

#include "services/kms/rotation/rotation.h"

namespace millrace::kms {

Task<RotateKeyOnDemandResponse> rotate_key_on_demand(Kms& kms, wire::Call& call,
                                                     RotateKeyOnDemandRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(keys::MasterKey key, find_rotated_key(txn, call, in.key_id(), "RotateKeyOnDemand"));
  const auto demanded =
      std::ranges::count(key.materials, keys::RotationCause::demand, &keys::Material::cause);
  if (static_cast<size_t>(demanded) >= kDemandedRotationsMax) {
    co_return fail(errors::limit_exceeded("The key has been rotated on demand 10 times"));
  }
  CO_TRY(kms.keyring.rotate(key, keys::RotationCause::demand));
  CO_TRY(keys::Keyring::put(txn, key));
  CO_TRY(co_await txn.commit());
  auto out = call.make<RotateKeyOnDemandResponse>();
  out.set_key_id(arn_of(key));
  co_return out;
}

}  // namespace millrace::kms
