#include "app/stored_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>

#include "base/uri.h"
#include "runtime/read_ahead.h"

namespace millrace::app {
namespace {

namespace json = boost::json;

constexpr uint64_t kListBytesMax = 1ull << 30;
constexpr milliseconds kAnswerMax{60'000};
constexpr milliseconds kWaitFirst{20};  // Doubles up to the next.
constexpr milliseconds kWaitMax{1'000};
constexpr int kRefusalsMax = 20;  // Of a platform that is there and cannot.

// Of a document that the platform wrote: anything else is a mistake.
std::string text_of(const json::object& object, std::string_view name) {
  const json::value* const found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

}  // namespace

// One object, piece by piece.
class StoredChannels::Source final : public ml::ByteSource {
 public:
  Source(StoredChannels& channels, std::string channel, Object object)
      : channels_(channels),
        channel_(std::move(channel)),
        object_(std::move(object)),
        passed_on_(channels.stop_, [this] { closing_.request_stop(); }),
        ahead_("data-ahead", kPiecesAhead) {
    ahead_.start([this](Bytes& piece) { return take_next(piece); });
  }
  ~Source() override { closing_.request_stop(); }

  Result<size_t> read(char* bytes, size_t size) override {
    if (used_ == piece_.size()) {
      used_ = 0;
      TRY(const bool more, ahead_.take(piece_));
      if (!more) {
        piece_.clear();
        return size_t{0};
      }
    }
    const size_t taken = std::min(size, piece_.size() - used_);
    std::memcpy(bytes, piece_.data() + used_, taken);
    used_ += taken;
    return taken;
  }

 private:
  // On the thread that reads ahead.
  Result<bool> take_next(Bytes& piece) {
    if (offset_ == object_.size_bytes) return false;
    TRY(piece, channels_.fetch(channel_, object_, offset_, closing_.get_token()));
    if (piece.empty()) {
      return fail(ErrorKind::invalid, fmt::format("{} ends before its size", object_.key));
    }
    offset_ += piece.size();
    return true;
  }

  StoredChannels& channels_;
  const std::string channel_;
  const Object object_;
  uint64_t offset_ = 0;
  Bytes piece_;
  size_t used_ = 0;
  std::stop_source closing_;
  std::stop_callback<std::function<void()>> passed_on_;
  runtime::ReadAhead<Bytes> ahead_;
};

Result<std::unique_ptr<StoredChannels>> StoredChannels::open(runtime::Disk& disk,
                                                             runtime::Clock& clock,
                                                             const runtime::Path& root,
                                                             const std::string& prefix,
                                                             std::stop_token stop) {
  const auto text =
      runtime::read_file(disk, root / "input/config/storedchannels.json", kListBytesMax);
  if (!text && text.error().kind == ErrorKind::not_found) return nullptr;
  if (!text) return fail(text.error());
  json::error_code code;
  const json::value parsed = json::parse(*text, code);
  const json::object* const object = code ? nullptr : parsed.if_object();
  const json::value* const listed = object == nullptr ? nullptr : object->if_contains("channels");
  if (listed == nullptr || !listed->is_object()) {
    return fail(ErrorKind::invalid, "storedchannels.json is not what the platform writes");
  }
  std::unique_ptr<StoredChannels> out(new StoredChannels(clock, std::move(stop)));
  out->socket_ = prefix + text_of(*object, "socket");
  out->job_ = text_of(*object, "job");
  out->token_ = text_of(*object, "token");
  for (const auto& channel : listed->get_object()) {
    auto& files = out->channels_[std::string(channel.key())];
    if (!channel.value().is_array()) continue;
    for (const json::value& file : channel.value().get_array()) {
      if (!file.is_object()) continue;
      const json::value* const size = file.get_object().if_contains("size");
      Object stored{.bucket = text_of(file.get_object(), "bucket"),
                    .key = text_of(file.get_object(), "key"),
                    .etag = text_of(file.get_object(), "etag"),
                    .size_bytes = size == nullptr ? 0 : size->to_number<uint64_t>(code)};
      files.emplace(text_of(file.get_object(), "file"), std::move(stored));
    }
  }
  return out;
}

StoredChannels::~StoredChannels() { client_.reset(); }  // Before the loop that it used.

std::optional<std::vector<std::string>> StoredChannels::files(const std::string& channel) const {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& [name, object] : found->second) names.push_back(name);
  return names;
}

std::unique_ptr<ml::ByteSource> StoredChannels::open(const std::string& channel,
                                                     const std::string& file) {
  return std::make_unique<Source>(*this, channel, channels_.at(channel).at(file));
}

Result<Bytes> StoredChannels::fetch(const std::string& channel, const Object& object,
                                    uint64_t offset, std::stop_token stop) {
  const uint64_t size = std::min<uint64_t>(kPieceBytes, object.size_bytes - offset);
  std::string target = fmt::format("/{}/{}?bucket={}&key={}&etag={}&offset={}&size={}", job_,
                                   channel, uri_encode(object.bucket), uri_encode(object.key),
                                   uri_encode(object.etag), offset, size);
  return runtime::run_task_for(thread_.loop(), ask(std::move(target), std::move(stop)), true);
}

Task<Bytes> StoredChannels::ask(std::string target, std::stop_token stop) {
  milliseconds wait = kWaitFirst;
  for (int refusals = 0;;) {
    http::Endpoint to{.address = {}, .port = 0, .unix_path = socket_};
    http::ClientRequest request{
        .method = "GET", .target = target, .headers = {}, .body = {}, .timeout = kAnswerMax};
    request.headers.add("Authorization", token_);
    Result<http::ClientResponse> answer = co_await client_->send(std::move(to), std::move(request));
    if (answer && answer->status == 200) co_return std::move(answer->body);
    if (answer && answer->status < 500) {
      co_return fail(ErrorKind::invalid, "the data cannot be read: " + answer->body);
    }
    if (answer && ++refusals == kRefusalsMax) {
      co_return fail(ErrorKind::internal, "the data cannot be read: " + answer->body);
    }
    // Nobody answers: the platform will be back, or the job's time runs out.
    CO_TRY(co_await clock_.sleep_for(wait, stop));
    wait = std::min(wait * 2, kWaitMax);
  }
}

}  // namespace millrace::app
