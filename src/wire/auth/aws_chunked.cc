#include "wire/auth/aws_chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace millrace::auth {
namespace {

constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";
constexpr std::string_view kChunkSignature = "chunk-signature=";

std::unexpected<AuthFailure> problem(AuthProblem what) {
  return std::unexpected(AuthFailure{what});
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <class Number>
bool read_number(std::string_view text, int base, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return code == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

ChunkSignatures::ChunkSignatures(Bytes signing_key, std::string iso_time,
                                 const CredentialScope& scope, std::string seed)
    : signing_key_(std::move(signing_key)),
      iso_time_(std::move(iso_time)),
      scope_(scope.text()),
      previous_(std::move(seed)) {}

const std::string& ChunkSignatures::next(BytesView sha256_of_chunk) {
  std::string text = "AWS4-HMAC-SHA256-PAYLOAD\n";
  text.append(iso_time_).append("\n").append(scope_).append("\n").append(previous_);
  text.append("\n").append(kEmptySha256).append("\n").append(to_hex(sha256_of_chunk));
  previous_ = sign(signing_key_, text);
  return previous_;
}

std::string ChunkSignatures::trailer(std::string_view canonical_trailers) const {
  std::string text = "AWS4-HMAC-SHA256-TRAILER\n";
  text.append(iso_time_).append("\n").append(scope_).append("\n").append(previous_);
  text.append("\n").append(to_hex(sha256(canonical_trailers)));
  return sign(signing_key_, text);
}

std::expected<ChunkedStream, AuthFailure> chunked_stream(const RequestView& request,
                                                         const Verified& verified) {
  ChunkedStream out;
  out.mode = verified.payload;
  const HeaderView* length = find_header(request.headers, "x-amz-decoded-content-length");
  if (length == nullptr || !read_number(length->value, 10, out.decoded_length)) {
    return problem(AuthProblem::decoded_length_missing);
  }
  if (out.decoded_length > limits::kDecodedBytesMax) return problem(AuthProblem::body_too_large);
  for (const HeaderView& header : request.headers) {
    if (!http::equal_ignoring_case(header.name, "x-amz-trailer")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = trimmed(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (name.empty()) continue;
      if (out.trailer_names.size() == limits::kTrailersMax) {
        return problem(AuthProblem::trailer_malformed);
      }
      out.trailer_names.push_back(lower(name));
    }
  }
  if (verified.payload != PayloadMode::streaming_unsigned_trailer) {
    out.signatures.emplace(verified.signing_key, verified.iso_time, verified.scope,
                           verified.signature);
  }
  return out;
}

AwsChunkedDecoder::AwsChunkedDecoder(ChunkedStream stream) : stream_(std::move(stream)) {}

// Adds `c` to the line; complete at its LF, which is not kept, nor is a CR before it.
AwsChunkedDecoder::Done AwsChunkedDecoder::take_line(char c, size_t line_max) {
  if (c == '\n') {
    if (line_.ends_with('\r')) line_.pop_back();
    line_complete_ = true;
    return {};
  }
  if (line_.size() >= line_max) {
    return problem(state_ == State::trailer_line ? AuthProblem::trailer_malformed
                                                 : AuthProblem::chunk_malformed);
  }
  line_.push_back(c);
  return {};
}

std::expected<AwsChunkedDecoder::Step, AuthFailure> AwsChunkedDecoder::step(BytesView input) {
  Step out;
  while (out.consumed < input.size() && state_ != State::ended) {
    if (state_ == State::chunk_bytes) {
      const size_t n =
          static_cast<size_t>(std::min<uint64_t>(chunk_left_, input.size() - out.consumed));
      out.payload = input.substr(out.consumed, n);
      if (is_signed()) chunk_digest_.update(out.payload);
      out.consumed += n;
      chunk_left_ -= n;
      if (chunk_left_ == 0) {
        if (auto done = on_chunk_data_end(); !done) return std::unexpected(done.error());
      }
      return out;
    }
    const char c = input[out.consumed++];
    if (state_ == State::chunk_end) {
      if (c != "\r\n"[end_bytes_]) return problem(AuthProblem::chunk_malformed);
      if (++end_bytes_ == 2) state_ = State::chunk_line;
      continue;
    }
    const bool trailer = state_ == State::trailer_line;
    if (trailer && ++trailer_bytes_ > limits::kTrailerBytesMax) {
      return problem(AuthProblem::trailer_malformed);
    }
    if (auto done = take_line(c, trailer ? limits::kTrailerBytesMax : limits::kChunkLineBytesMax);
        !done) {
      return std::unexpected(done.error());
    }
    if (!line_complete_) continue;
    auto done = trailer ? on_trailer_line() : on_chunk_line();
    line_.clear();
    line_complete_ = false;
    if (!done) return std::unexpected(done.error());
  }
  return out;
}

AwsChunkedDecoder::Done AwsChunkedDecoder::on_chunk_line() {
  const std::string_view line = line_;
  const size_t semicolon = std::min(line.find(';'), line.size());
  if (semicolon > 16 || !read_number(line.substr(0, semicolon), 16, chunk_left_)) {
    return problem(AuthProblem::chunk_malformed);
  }
  chunk_signature_.clear();
  if (is_signed()) {
    std::string_view extension = line.substr(std::min(semicolon + 1, line.size()));
    if (!extension.starts_with(kChunkSignature)) return problem(AuthProblem::chunk_malformed);
    extension.remove_prefix(kChunkSignature.size());
    if (extension.size() != 64) return problem(AuthProblem::chunk_signature_mismatch);
    chunk_signature_ = extension;
  } else if (semicolon != line.size()) {
    return problem(AuthProblem::chunk_malformed);
  }
  if (chunk_left_ == 0) return on_chunk_data_end();
  if (chunk_left_ > stream_.decoded_length - decoded_) {
    return problem(AuthProblem::decoded_length_mismatch);
  }
  // AWS: only the last chunk may be small, which shows when another one follows.
  if (small_chunk_seen_) return problem(AuthProblem::chunk_too_small);
  small_chunk_seen_ = chunk_left_ < stream_.chunk_bytes_min;
  decoded_ += chunk_left_;
  state_ = State::chunk_bytes;
  return {};
}

AwsChunkedDecoder::Done AwsChunkedDecoder::on_chunk_data_end() {
  const bool last = state_ == State::chunk_line;
  if (is_signed()) {
    const std::string& expected = stream_.signatures->next(chunk_digest_.finish());
    chunk_digest_ = Digest(DigestKind::sha256);
    if (!equal_constant_time(expected, chunk_signature_)) {
      return problem(AuthProblem::chunk_signature_mismatch);
    }
  }
  state_ = last ? State::trailer_line : State::chunk_end;
  end_bytes_ = 0;
  if (last && decoded_ != stream_.decoded_length) {
    return problem(AuthProblem::decoded_length_mismatch);
  }
  return {};
}

AwsChunkedDecoder::Done AwsChunkedDecoder::on_trailer_line() {
  if (line_.empty()) {
    // AWS: some clients put an empty line between the trailers and their signature.
    const bool awaits_signature = is_signed() && has_trailers() && trailer_signature_.empty();
    if (awaits_signature && !blank_seen_ && !trailers_.empty()) {
      blank_seen_ = true;
      return {};
    }
    return on_end();
  }
  const size_t colon = line_.find(':');
  if (!has_trailers() || colon == std::string::npos || !trailer_signature_.empty()) {
    return problem(AuthProblem::trailer_malformed);
  }
  std::string name = lower(trimmed(std::string_view(line_).substr(0, colon)));
  const std::string_view value = trimmed(std::string_view(line_).substr(colon + 1));
  if (is_signed() && name == kTrailerSignature) {
    if (value.empty()) return problem(AuthProblem::trailer_malformed);
    trailer_signature_ = value;
    return {};
  }
  const bool declared =
      std::ranges::find(stream_.trailer_names, name) != stream_.trailer_names.end();
  const bool repeated = std::ranges::any_of(
      trailers_, [&name](const auto& trailer) { return trailer.first == name; });
  if (!declared || repeated || blank_seen_) return problem(AuthProblem::trailer_malformed);
  canonical_trailers_.append(name).append(":").append(value).append("\n");
  trailers_.emplace_back(std::move(name), value);
  return {};
}

AwsChunkedDecoder::Done AwsChunkedDecoder::on_end() {
  if (has_trailers() && trailers_.size() != stream_.trailer_names.size()) {
    return problem(AuthProblem::trailer_malformed);
  }
  if (has_trailers() && is_signed()) {
    if (!equal_constant_time(stream_.signatures->trailer(canonical_trailers_),
                             trailer_signature_)) {
      return problem(AuthProblem::chunk_signature_mismatch);
    }
  }
  state_ = State::ended;
  return {};
}

AwsChunkedReader::AwsChunkedReader(http::BodyReader& source, ChunkedStream stream)
    : source_(source), decoder_(std::move(stream)), buffer_(limits::kChunkBufferBytes, '\0') {}

AwsChunkedReader::~AwsChunkedReader() = default;

Task<size_t> AwsChunkedReader::read(char* buffer, size_t size) {
  while (!failed_) {
    if (begin_ == end_) {
      auto got = co_await source_.read(buffer_.data(), buffer_.size());
      if (!got) {
        failed_ = std::move(got).error();
        break;
      }
      if (*got == 0) {
        if (decoder_.ended()) co_return size_t{0};
        failed_ = to_error({AuthProblem::body_incomplete}, ErrorFamily::s3);
        break;
      }
      begin_ = 0;
      end_ = *got;
    }
    if (decoder_.ended()) {  // Bytes after the end.
      failed_ = to_error({AuthProblem::chunk_malformed}, ErrorFamily::s3);
      break;
    }
    // A step never hands out more than the caller has room for.
    const size_t window = std::min(end_ - begin_, size);
    auto step = decoder_.step({buffer_.data() + begin_, window});
    if (!step) {
      failed_ = to_error(step.error(), ErrorFamily::s3);
      break;
    }
    begin_ += step->consumed;
    if (!step->payload.empty()) {
      std::memcpy(buffer, step->payload.data(), step->payload.size());
      co_return step->payload.size();
    }
  }
  co_return fail(*failed_);
}

Bytes encode_aws_chunked(std::vector<BytesView> chunks, std::optional<ChunkSignatures> signatures,
                         bool with_trailers, const Trailers& trailers) {
  Bytes out;
  chunks.emplace_back();
  for (const BytesView chunk : chunks) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, chunk.size(), 16).ptr;
    out.append(digits, end);
    if (signatures) out.append(";").append(kChunkSignature).append(signatures->next(sha256(chunk)));
    out.append("\r\n");
    if (!chunk.empty()) out.append(chunk).append("\r\n");
  }
  std::string canonical;
  for (const auto& [name, value] : trailers) {
    out.append(name).append(":").append(value).append("\r\n");
    canonical.append(name).append(":").append(value).append("\n");
  }
  if (signatures && with_trailers) {
    out.append(kTrailerSignature).append(":").append(signatures->trailer(canonical));
    out.append("\r\n");
  }
  return out.append("\r\n");
}

}  // namespace millrace::auth
