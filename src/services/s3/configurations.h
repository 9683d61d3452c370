// Configurations of a bucket: structures of the model, kept as settings of the engine.
//
// A configuration is stored as the JSON text of its structure (wire/protocols/document.h) under a
// kind and, where a bucket may have several, an id. What is read back is the generated view over
// that text, as if it had just been decoded from a request; it lives as long as the arena.
// What is not in the model any more is dropped when it is read.
//
// Threads: as Txn. Errors: NoSuchBucket, TooManyConfigurations, internal (damage).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engines/objects/settings.h"
#include "services/s3/s3.h"

namespace millrace::s3 {

// The kinds. They are in the data directory: never renamed.
namespace configuration {
inline constexpr std::string_view kAccelerate = "accelerate";
inline constexpr std::string_view kAnalytics = "analytics";
inline constexpr std::string_view kCors = "cors";
inline constexpr std::string_view kIntelligentTiering = "intelligent-tiering";
inline constexpr std::string_view kInventory = "inventory";
inline constexpr std::string_view kLifecycle = "lifecycle";
inline constexpr std::string_view kLogging = "logging";
inline constexpr std::string_view kMetrics = "metrics";
inline constexpr std::string_view kNotification = "notification";
inline constexpr std::string_view kReplication = "replication";
inline constexpr std::string_view kRequestPayment = "request-payment";
inline constexpr std::string_view kTagging = "tagging";
inline constexpr std::string_view kWebsite = "website";
}  // namespace configuration

// Which configuration is meant.
struct ConfigurationId {
  std::string_view bucket;
  std::string_view kind;
  std::string_view id = {};
};

// The structure that a setting holds, of that shape, in `arena`.
Result<wire::Value> read_document(const objects::Setting& setting, const wire::Shape& shape,
                                  Arena& arena);

template <class View>
Result<View> read_configuration(const objects::Setting& setting, Arena& arena) {
  TRY(const wire::Value value, read_document(setting, View::kShape, arena));
  return View(value.items, arena);
}

// The bucket's configuration, or a null view where it has none. Within a transaction, what it says
// and what is done under it are decided together.
template <class View>
Result<View> find_configuration(store::Txn& txn, const ConfigurationId& id, Arena& arena) {
  TRY(const std::optional<objects::Setting> setting,
      objects::find_setting(txn, id.bucket, id.kind, id.id));
  if (!setting) return View();
  return read_configuration<View>(*setting, arena);
}

// The same for who announces a change.
template <class View>
Result<View> find_configuration(store::Txn& txn, store::RowCache<objects::Setting>& settings,
                                const ConfigurationId& id, Arena& arena) {
  TRY(const auto setting,
      settings.find(txn, {std::string(id.bucket), std::string(id.kind), std::string(id.id)}));
  if (setting == nullptr) return View();
  return read_configuration<View>(*setting, arena);
}

template <class View>
Result<View> find_configuration(const S3& s3, const ConfigurationId& id, Arena& arena) {
  TRY(const std::optional<objects::Setting> setting, s3.objects.setting(id.bucket, id.kind, id.id));
  if (!setting) return View();
  return read_configuration<View>(*setting, arena);
}

// Keeps `view` as the bucket's configuration, in the place of the earlier one, and emits `events`
// in the same commit. What `id` and `view` borrow from stays until the task ends.
Task<void> put_configuration(S3& s3, ConfigurationId id, wire::View view,
                             std::vector<store::Event> events = {});
// Whether there is one or not.
Task<void> erase_configuration(S3& s3, ConfigurationId id);

// The id of the `number`th item of a document whose sender gave it none: 32 hex digits.
std::string generated_id(const wire::Call& call, size_t number);

}  // namespace millrace::s3
