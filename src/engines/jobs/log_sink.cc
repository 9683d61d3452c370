#include <unistd.h>

#include <cerrno>

#include "engines/jobs/supervisor.h"
#include "runtime/machine_time.h"

namespace millrace::jobs {

void LogSink::feed(Stream stream, std::string_view bytes) {
  splitters_[stream == Stream::err ? 1 : 0].feed(
      bytes, [&](std::string_view text) { line(stream, text); });
  flush();
}

void LogSink::note(std::string_view text) {
  pending_ += encode_record(Stream::note, runtime::machine_now(), text);
  flush();
}

void LogSink::finish() {
  splitters_[0].finish([&](std::string_view text) { line(Stream::out, text); });
  splitters_[1].finish([&](std::string_view text) { line(Stream::err, text); });
  flush();
  ::fdatasync(fd_);
}

void LogSink::line(Stream stream, std::string_view text) {
  if (bytes_max_ > 0 && written_ + pending_bytes_ + text.size() > bytes_max_) {
    dropped_ += text.size();
    if (limit_noted_) return;
    limit_noted_ = true;
    pending_ += encode_record(Stream::note, runtime::machine_now(),
                              "The job's limit of output is reached; what follows is dropped.");
    return;
  }
  pending_bytes_ += text.size();
  // Replacing what is no UTF-8 makes a line longer, hence the pieces.
  const std::string clean = to_utf8(text);
  std::string_view rest = clean;
  do {
    size_t cut = std::min(rest.size(), kLogTextMax);
    while (cut < rest.size() && (static_cast<unsigned char>(rest[cut]) & 0xC0) == 0x80) --cut;
    pending_ += encode_record(stream, runtime::machine_now(), rest.substr(0, cut));
    rest.remove_prefix(cut);
  } while (!rest.empty());
}

// All of what is pending, or nothing: a reader never sees a record that is cut.
void LogSink::flush() {
  if (pending_.empty()) return;
  size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t put = ::pwrite(fd_, pending_.data() + done, pending_.size() - done,
                                 static_cast<off_t>(size_ + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    done += static_cast<size_t>(put);
  }
  if (done == pending_.size()) {
    size_ += done;
    written_ += pending_bytes_;
  } else {
    [[maybe_unused]] const int cut = ::ftruncate(fd_, static_cast<off_t>(size_));
    dropped_ += pending_bytes_;
  }
  pending_.clear();
  pending_bytes_ = 0;
}

}  // namespace millrace::jobs
