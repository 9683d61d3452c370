#include "services/kms/paging.h"

namespace millrace::kms {
namespace {

constexpr int64_t kTagsDefault = 50;

}  // namespace

Task<ListResourceTagsResponse> list_resource_tags(Kms& kms, wire::Call& call,
                                                  ListResourceTagsRequest in) {
  store::Txn txn = kms.db.begin();
  CO_TRY(const keys::MasterKey key, find_key_by_id(txn, call.realm, in.key_id()));
  auto at = key.tags.begin();
  if (in.has_marker()) {
    CO_TRY(const Bytes last, key_of_marker(in.marker()));
    at = key.tags.upper_bound(last);
  }
  auto out = call.make<ListResourceTagsResponse>();
  const auto tags = out.make_tags();
  const auto limit = static_cast<size_t>(in.limit(kTagsDefault));
  for (; at != key.tags.end() && tags.size() < limit; ++at) {
    const api::Tag tag = tags.append();
    tag.set_tag_key(at->first);
    tag.set_tag_value(at->second);
  }
  close_page(out, at == key.tags.end() ? std::string() : to_base64(std::prev(at)->first));
  co_return out;
}

}  // namespace millrace::kms
