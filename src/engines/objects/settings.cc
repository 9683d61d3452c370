#include "engines/objects/settings.h"

#include <fmt/format.h>

#include "engines/objects/state.h"

namespace millrace::objects {

Result<std::optional<Setting>> find_setting(store::Txn& txn, std::string_view bucket,
                                            std::string_view kind, std::string_view id) {
  return txn.find(kSettings, {std::string(bucket), std::string(kind), std::string(id)});
}

Result<std::vector<Setting>> find_settings(store::Txn& txn, std::string_view bucket,
                                           std::string_view kind, std::string_view after,
                                           size_t limit) {
  store::Range range{.prefix = store::key_prefix(bucket, kind), .limit = limit};
  if (!after.empty()) {
    range.after =
        store::encode_key(Setting::Key{std::string(bucket), std::string(kind), std::string(after)});
  }
  return txn.scan(kSettings, range);
}

Result<void> erase_settings(store::Txn& txn, std::string_view bucket) {
  TRY(const std::vector<Setting> all, txn.scan(kSettings, {.prefix = store::key_prefix(bucket)}));
  for (const Setting& setting : all) txn.erase(kSettings, setting.key());
  return {};
}

Task<void> Objects::put_setting(Setting setting, std::vector<store::Event> events) {
  State& state = *state_;
  if (setting.document.size() > state.limits.setting_bytes_max) {
    co_return fail(ErrorKind::invalid, fmt::format("the document is larger than {} bytes",
                                                   state.limits.setting_bytes_max));
  }
  setting.modified = state.world.clock.now();
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(get_bucket(txn, setting.bucket));
    TRY(const std::optional<Setting> before,
        find_setting(txn, setting.bucket, setting.kind, setting.id));
    if (!before) {
      TRY(const std::vector<Setting> others, find_settings(txn, setting.bucket, setting.kind));
      if (others.size() >= state.limits.settings_max) {
        return fail(ErrorKind::precondition_failed,
                    fmt::format("bucket {} has {} settings of kind {}", setting.bucket,
                                others.size(), setting.kind));
      }
    }
    txn.put(kSettings, setting);
    for (const store::Event& event : events) txn.emit(event);
    return {};
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Task<void> Objects::erase_setting(std::string bucket, std::string kind, std::string id) {
  State& state = *state_;
  const auto decide = [&](store::Txn& txn, Drops&) -> Result<void> {
    TRY(get_bucket(txn, bucket));
    txn.erase(kSettings, {bucket, kind, id});
    return {};
  };
  Task<void> change = state.change(decide);
  co_return co_await std::move(change);
}

Result<std::optional<Setting>> Objects::setting(std::string_view bucket, std::string_view kind,
                                                std::string_view id) const {
  TRY(const auto found,
      state_->settings.find({std::string(bucket), std::string(kind), std::string(id)}));
  if (found == nullptr) return std::nullopt;
  return *found;
}

Result<std::vector<Setting>> Objects::settings(std::string_view bucket, std::string_view kind,
                                               std::string_view after, size_t limit) const {
  store::Txn txn = state_->world.db.begin();
  return find_settings(txn, bucket, kind, after, limit);
}

}  // namespace millrace::objects
