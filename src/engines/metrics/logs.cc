#include "engines/metrics/logs.h"

#include <algorithm>

#include "engines/metrics/limits.h"

namespace millrace::metrics {
namespace {

std::unexpected<Error> no_group() { return fail(ErrorKind::not_found, std::string(kNoSuchGroup)); }
std::unexpected<Error> no_stream() {
  return fail(ErrorKind::not_found, std::string(kNoSuchStream));
}

Result<LogGroup> group_in(store::Txn& txn, const Realm& realm, const std::string& name) {
  TRY(std::optional<LogGroup> group, txn.find(kLogGroups, {realm, name}));
  if (!group) return no_group();
  return std::move(*group);
}

// Whether to run a write again: `done` is a conflict and `tries` are not used up.
bool again(const Result<void>& done, int tries) {
  return !done && done.error().kind == ErrorKind::conflict && tries < kConflictRetries;
}

Time order_time(const LogStream& stream) { return stream.last_event.value_or(stream.created); }

}  // namespace

Logs::Logs(store::Database& db, runtime::Clock& clock, runtime::Random& random)
    : db_(db), clock_(clock), random_(random) {}

Task<void> Logs::create_group(LogGroup group) {
  store::Txn txn = db_.begin();
  CO_TRY(const std::optional<LogGroup> there, txn.find(kLogGroups, group.key()));
  if (there) {
    co_return fail(ErrorKind::already_exists, "The specified log group already exists");
  }
  group.created = clock_.now();
  txn.put(kLogGroups, group);
  co_return co_await txn.commit();
}

Task<void> Logs::delete_group(Realm realm, std::string name) {
  for (int tries = 0;; ++tries) {
    store::Txn txn = db_.begin();
    CO_TRY(const LogGroup group, group_in(txn, realm, name));
    const store::Range range{.prefix = store::key_prefix(realm, name)};
    CO_TRY(txn.each(kLogStreams, range, [&txn](LogStream& stream) {
      txn.put(kDoomedStreams, {stream.id});
      txn.erase(kLogStreams, stream.key());
      return true;
    }));
    txn.erase(kLogGroups, group.key());
    const Result<void> done = co_await txn.commit();
    if (!again(done, tries)) co_return done;
  }
}

Task<void> Logs::set_retention(Realm realm, std::string name, std::optional<int64_t> days) {
  store::Txn txn = db_.begin();
  CO_TRY(LogGroup group, group_in(txn, realm, name));
  group.retention_days = days;
  txn.put(kLogGroups, group);
  co_return co_await txn.commit();
}

Task<void> Logs::change_tags(Realm realm, std::string name, std::map<std::string, std::string> set,
                             std::vector<std::string> removed) {
  store::Txn txn = db_.begin();
  CO_TRY(LogGroup group, group_in(txn, realm, name));
  for (auto& [key, value] : set) group.tags[key] = value;
  for (const std::string& key : removed) group.tags.erase(key);
  txn.put(kLogGroups, group);
  co_return co_await txn.commit();
}

Result<LogGroup> Logs::group(const Realm& realm, const std::string& name) {
  store::Txn txn = db_.begin();
  return group_in(txn, realm, name);
}

Result<GroupPage> Logs::groups(const GroupQuery& query) {
  store::Txn txn = db_.begin();
  GroupPage page;
  store::Range range{.prefix = store::key_prefix(query.realm, store::StartsWith{query.prefix})};
  if (!query.after.empty()) {
    range.after = store::encode_key(LogGroup::Key{query.realm, query.after});
  }
  TRY(txn.each(kLogGroups, range, [&](LogGroup& group) {
    if (group.name.find(query.contains) == group.name.npos) return true;
    page.more = page.groups.size() == query.limit;
    if (!page.more) page.groups.push_back({std::move(group), 0});
    return !page.more;
  }));
  for (LogGroupInfo& info : page.groups) {
    const store::Range streams{.prefix = store::key_prefix(query.realm, info.group.name)};
    TRY(txn.each(kLogStreams, streams, [&info](LogStream& stream) {
      info.stored_bytes += stream.stored_bytes;
      return true;
    }));
  }
  return page;
}

Task<void> Logs::create_stream(Realm realm, std::string group, std::string name) {
  store::Txn txn = db_.begin();
  CO_TRY(const LogGroup in, group_in(txn, realm, group));
  CO_TRY(const std::optional<LogStream> there, txn.find(kLogStreams, {realm, group, name}));
  if (there) {
    co_return fail(ErrorKind::already_exists, "The specified log stream already exists");
  }
  LogStream stream{.realm = in.realm, .group = in.name, .name = std::move(name)};
  stream.id = random_.next();
  stream.created = clock_.now();
  txn.put(kLogStreams, stream);
  co_return co_await txn.commit();
}

Task<void> Logs::delete_stream(Realm realm, std::string group, std::string name) {
  for (int tries = 0;; ++tries) {
    store::Txn txn = db_.begin();
    CO_TRY(const LogGroup in, group_in(txn, realm, group));
    CO_TRY(const std::optional<LogStream> stream, txn.find(kLogStreams, {realm, group, name}));
    if (!stream) co_return no_stream();
    txn.put(kDoomedStreams, {stream->id});
    txn.erase(kLogStreams, stream->key());
    const Result<void> done = co_await txn.commit();
    if (!again(done, tries)) co_return done;
  }
}

Result<LogStream> Logs::stream(const Realm& realm, const std::string& group,
                               const std::string& name) {
  store::Txn txn = db_.begin();
  TRY(group_in(txn, realm, group));
  TRY(std::optional<LogStream> stream, txn.find(kLogStreams, {realm, group, name}));
  if (!stream) return no_stream();
  return std::move(*stream);
}

namespace {

// Streams in the order of their latest lines. All are looked at, only a page is kept.
Result<StreamPage> by_last_event(store::Txn& txn, const StreamQuery& query) {
  Time after_time{};
  std::string after_name;
  if (!query.after.empty()) {
    Bytes key;
    BytesView rest;
    if (from_hex(query.after, key)) rest = key;
    if (!store::take_key_part(rest, after_time) || !store::take_key_part(rest, after_name)) {
      return fail(ErrorKind::invalid, "The specified nextToken is invalid.");
    }
  }
  const auto before = [&query](const LogStream& a, const LogStream& b) {
    const auto left = std::pair(order_time(a), std::string_view(a.name));
    const auto right = std::pair(order_time(b), std::string_view(b.name));
    return query.descending ? left > right : left < right;
  };
  LogStream mark{.name = after_name, .last_event = after_time};
  std::vector<LogStream> kept;  // A heap; the first would come last.
  const store::Range range{
      .prefix = store::key_prefix(query.realm, query.group, store::StartsWith{query.prefix})};
  TRY(txn.each(kLogStreams, range, [&](LogStream& stream) {
    if (!query.after.empty() && !before(mark, stream)) return true;
    kept.push_back(std::move(stream));
    std::ranges::push_heap(kept, before);
    if (kept.size() > query.limit + 1) {
      std::ranges::pop_heap(kept, before);
      kept.pop_back();
    }
    return true;
  }));
  std::ranges::sort_heap(kept, before);
  StreamPage page;
  if (kept.size() > query.limit) {
    kept.pop_back();
    const LogStream& last = kept.back();
    page.next = to_hex(store::key_prefix(order_time(last), last.name));
  }
  page.streams = std::move(kept);
  return page;
}

Result<StreamPage> by_name(store::Txn& txn, const StreamQuery& query) {
  store::Range range{
      .prefix = store::key_prefix(query.realm, query.group, store::StartsWith{query.prefix}),
      .limit = query.limit + 1,
      .reverse = query.descending};
  if (!query.after.empty()) {
    std::string name;
    if (!from_hex(query.after, name) || name.empty()) {
      return fail(ErrorKind::invalid, "The specified nextToken is invalid.");
    }
    range.after = store::encode_key(LogStream::Key{query.realm, query.group, name});
  }
  StreamPage page;
  TRY(page.streams, txn.scan(kLogStreams, range));
  if (page.streams.size() > query.limit) {
    page.streams.pop_back();
    page.next = to_hex(page.streams.back().name);
  }
  return page;
}

}  // namespace

Result<StreamPage> Logs::streams(const StreamQuery& query) {
  store::Txn txn = db_.begin();
  TRY(group_in(txn, query.realm, query.group));
  return query.by_last_event ? by_last_event(txn, query) : by_name(txn, query);
}

}  // namespace millrace::metrics
