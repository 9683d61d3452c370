// Rows of engines/objects, and what its callers see of them. docs/formats/objects.md describes how
// they hang together.
//
// An object is two rows under one key: the Entry, which listings read and which is small, and the
// Content, which holds the bytes or names the blobs that do. They stand in kEntries and kContents
// while the object is the newest version of its key. All other versions, and every delete marker,
// stand in kVersions and kVersionContents, so that listings never walk over them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "engines/objects/protection.h"
#include "store/blobs.h"
#include "store/database.h"

namespace millrace::objects {

enum class Versioning : uint8_t { off, enabled, suspended };

// Until then a version is not removed: in governance mode but by who may, in compliance by nobody.
enum class RetentionMode : uint8_t { none, governance, compliance };
struct Retention {
  RetentionMode mode = RetentionMode::none;
  Time until{};
  bool operator==(const Retention&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.mode);
    v(2, self.until);
  }
};

// What keeps a version from being removed.
struct Lock {
  Retention retention;
  std::optional<bool> legal_hold;  // Without an end. Nothing: it was never spoken of.
  bool operator==(const Lock&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.retention);
    v(2, self.legal_hold);
  }
};

// Whether objects of a bucket may be locked, and how long those are that come without a word of it.
struct LockSettings {
  bool enabled = false;
  RetentionMode mode = RetentionMode::none;
  uint32_t days = 0;
  uint32_t years = 0;
  bool operator==(const LockSettings&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.enabled);
    v(2, self.mode);
    v(3, self.days);
    v(4, self.years);
  }
};

// How objects of a bucket are protected that come without a word of it. Never by a caller's key.
struct UsualProtection {
  std::optional<Guard> guard;  // Nothing: as the platform usually does.
  std::string name;   // Of a named key, in its owner's words; empty: the platform's choice.
  bool wide = false;  // As of Protect.
  bool refuses_callers = false;  // Nothing new is protected by a caller's key.
  bool operator==(const UsualProtection&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.guard);
    v(2, self.name);
    v(3, self.wide);
    v(4, self.refuses_callers);
  }
};

// Names of buckets are unique over all owners.
struct Bucket {
  std::string name;
  std::string id;     // Tells a bucket from an earlier one of that name.
  std::string owner;  // An account.
  std::string region;
  Time created{};
  Versioning versioning = Versioning::off;
  std::map<std::string, std::string> tags;
  LockSettings locks;
  UsualProtection protection;

  using Key = std::tuple<std::string>;
  Key key() const { return {name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.name);
    v(2, self.id);
    v(3, self.owner);
    v(4, self.region);
    v(5, self.created);
    v(6, self.versioning);
    v(7, self.tags);
    v(8, self.locks);
    v(9, self.protection);
  }
};
inline constexpr store::Table<Bucket> kBuckets{"objects.buckets"};

// Finds the buckets of an owner.
struct OwnedBucket {
  std::string owner;
  std::string name;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {owner, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.owner);
    v(2, self.name);
  }
};
inline constexpr store::Table<OwnedBucket> kOwnedBuckets{"objects.owned_buckets"};

// A checksum that callers compute and compare; the engine keeps it. `value` is raw.
struct Checksum {
  std::string kind;  // CRC32, SHA256, …
  Bytes value;
  bool composite = false;  // Of the parts' checksums, not of the bytes.
  bool operator==(const Checksum&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.kind);
    v(2, self.value);
    v(3, self.composite);
  }
};

// What a caller says of an object and gets back as it was.
struct Metadata {
  std::map<std::string, std::string> attributes;  // content-type, … in names of the caller's choice
  std::map<std::string, std::string> user;
  std::map<std::string, std::string> tags;
  std::string storage_class;  // Empty: the usual one.
  Lock lock;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.attributes);
    v(2, self.user);
    v(3, self.tags);
    v(4, self.storage_class);
    v(5, self.lock);
  }
};

// A copy of an archived version that is read in its place, from `ready` until `until`.
struct Restore {
  Time ready{};
  Time until{};
  uint32_t days = 0;  // As it was asked for.
  bool operator==(const Restore&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.ready);
    v(2, self.until);
    v(3, self.days);
  }
};

// What listings show of an object.
struct Entry {
  std::string bucket;
  std::string object_key;
  std::string version;  // Empty where it was written while the bucket kept no versions.
  uint64_t size_bytes = 0;
  std::string etag;  // Without quotes: the MD5 in hex, or what the caller made of the parts' ones.
  Time modified{};
  std::string storage_class;
  std::vector<std::string> checksum_kinds;
  bool checksum_composite = false;
  uint32_t parts = 0;     // 0: written at once.
  uint64_t sequence = 0;  // Grows with every change of the key; microseconds since 1970, or more.
  bool marker = false;    // Says that the key was removed; such a version has no content.
  std::optional<Restore> restore;
  bool in_row = false;  // Its content names no blobs. (False also where nobody has noted it.)

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {bucket, object_key}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.version);
    v(4, self.size_bytes);
    v(5, self.etag);
    v(6, self.modified);
    v(7, self.storage_class);
    v(8, self.checksum_kinds);
    v(9, self.checksum_composite);
    v(10, self.parts);
    v(11, self.sequence);
    v(12, self.marker);
    v(13, self.restore);
    v(14, self.in_row);
  }
};
inline constexpr store::Table<Entry> kEntries{"objects.entries"};

// A version that is not in kEntries. Those of a key stand from the newest to the oldest.
struct PastEntry {
  Entry entry;

  using Key = std::tuple<std::string, std::string, uint64_t>;
  Key key() const { return {entry.bucket, entry.object_key, ~entry.sequence}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.entry);
  }
};
inline constexpr store::Table<PastEntry> kVersions{"objects.versions"};

// Finds the past version of a key that was written while the bucket kept none; there is at most
// one.
struct UnnamedVersion {
  std::string bucket;
  std::string object_key;
  uint64_t sequence = 0;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {bucket, object_key}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.sequence);
  }
};
inline constexpr store::Table<UnnamedVersion> kUnnamedVersions{"objects.unnamed_versions"};

// A piece of an object: bytes of a blob, or, where `blob` is empty, `bytes` themselves. Of a sealed
// stream, offset and length count its plain bytes, and `bytes` are the whole stream, sealed.
struct Segment {
  store::BlobId blob;
  uint64_t offset = 0;
  uint64_t length = 0;
  Bytes bytes;
  std::optional<Seal> seal;
  bool operator==(const Segment&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.blob);
    v(2, self.offset);
    v(3, self.length);
    v(4, self.bytes);
    v(5, self.seal);
  }
};

// A part that an object was composed of.
struct ComposedPart {
  uint32_t number = 0;
  uint64_t size_bytes = 0;
  std::vector<Checksum> checksums;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.number);
    v(2, self.size_bytes);
    v(3, self.checksums);
  }
};

struct Content {
  std::string bucket;
  std::string object_key;
  Metadata metadata;
  std::vector<Checksum> checksums;
  std::vector<Segment> segments;
  std::vector<ComposedPart> parts;
  Protection protection;

  using Key = std::tuple<std::string, std::string>;
  Key key() const { return {bucket, object_key}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.metadata);
    v(4, self.checksums);
    v(5, self.segments);
    v(6, self.parts);
    v(10, self.protection);
  }
};
inline constexpr store::Table<Content> kContents{"objects.contents"};

// The content of a past version.
struct PastContent {
  Content content;
  uint64_t sequence = 0;

  using Key = std::tuple<std::string, std::string, uint64_t>;
  Key key() const { return {content.bucket, content.object_key, ~sequence}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.content);
    v(2, self.sequence);
  }
};
inline constexpr store::Table<PastContent> kVersionContents{"objects.version_contents"};

// How many segments of rows name a blob. The last one's end is the blob's.
struct BlobUse {
  std::string blob;
  uint64_t segments = 0;

  using Key = std::tuple<std::string>;
  Key key() const { return {blob}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.blob);
    v(2, self.segments);
  }
};
inline constexpr store::Table<BlobUse> kBlobUses{"objects.blob_uses"};

// An object that is being written in parts.
struct Upload {
  std::string bucket;
  std::string object_key;
  std::string id;
  Time started{};
  std::string initiator;  // Who began it, as the caller names them.
  Metadata metadata;
  std::string checksum_kind;  // That the caller wants of every part; empty: none.
  bool checksum_composite = false;
  Protection protection;  // Of all parts, and of the object.

  using Key = std::tuple<std::string, std::string, std::string>;
  Key key() const { return {bucket, object_key, id}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.object_key);
    v(3, self.id);
    v(4, self.started);
    v(5, self.initiator);
    v(6, self.metadata);
    v(7, self.checksum_kind);
    v(8, self.checksum_composite);
    v(10, self.protection);
  }
};
inline constexpr store::Table<Upload> kUploads{"objects.uploads"};

struct Part {
  std::string bucket;
  std::string upload;
  uint64_t number = 0;
  uint64_t size_bytes = 0;
  std::string etag;
  Time modified{};
  std::vector<Checksum> checksums;
  std::vector<Segment> segments;

  using Key = std::tuple<std::string, std::string, uint64_t>;
  Key key() const { return {bucket, upload, number}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.bucket);
    v(2, self.upload);
    v(3, self.number);
    v(4, self.size_bytes);
    v(5, self.etag);
    v(6, self.modified);
    v(7, self.checksums);
    v(8, self.segments);
  }
};
inline constexpr store::Table<Part> kParts{"objects.parts"};

}  // namespace millrace::objects
