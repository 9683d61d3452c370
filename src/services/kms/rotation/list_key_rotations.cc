#include <charconv>

#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kRotationsDefault = 100;

// The version that a marker stands for; 1 without one, because the first is no rotation.
Result<uint32_t> last_of(std::string_view marker) {
  if (marker.empty()) return 1;
  TRY(const Bytes text, key_of_marker(marker));
  uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc() && at == end) return number;
  return fail(errors::invalid_marker("Could not deserialize marker"));
}

}  // namespace

Task<ListKeyRotationsResponse> list_key_rotations(Kms& kms, wire::Call& call,
                                                  ListKeyRotationsRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  CO_TRY(const uint32_t last, last_of(in.marker()));
  auto out = call.make<ListKeyRotationsResponse>();
  const auto rotations = out.make_rotations();
  const auto limit = static_cast<size_t>(in.limit(kRotationsDefault));
  std::string marker;
  uint32_t shown = last;
  for (const keys::Material& material : key.materials) {
    if (material.number <= last) continue;
    if (rotations.size() == limit) {
      marker = to_base64(std::to_string(shown));
      break;
    }
    const api::RotationsListEntry entry = rotations.append();
    entry.set_key_id(key.id);
    entry.set_rotation_date(material.made);
    entry.set_rotation_type(material.cause == keys::RotationCause::demand ? "ON_DEMAND"
                                                                          : "AUTOMATIC");
    shown = material.number;
  }
  close_page(out, marker);
  co_return out;
}

}  // namespace millrace::kms
