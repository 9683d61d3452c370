#include "runtime/random.h"

#include <sys/random.h>

#include <array>
#include <cstring>
#include <mutex>
#include <random>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::runtime {
namespace {

void ask_kernel(char* out, size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0) continue;  // EINTR
    out += got;
    size -= static_cast<size_t>(got);
  }
}

// What the kernel gave a thread ahead, so that keys and nonces do not cost a system call each. What
// is handed out is wiped here, and is nobody else's. (A process that was forked and goes on without
// exec() would hand out the same bytes; there is none.)
struct Ahead {
  std::array<char, 512> bytes;
  size_t left = 0;

  void fill(char* out, size_t size) {
    if (size > left) {
      ask_kernel(bytes.data(), bytes.size());
      left = bytes.size();
    }
    left -= size;
    std::memcpy(out, bytes.data() + left, size);
    explicit_bzero(bytes.data() + left, size);
  }
};

constinit thread_local Ahead ahead{};

class SystemRandom final : public Random {
 public:
  void fill(void* bytes, size_t size) override {
    auto* const out = static_cast<char*>(bytes);
    if (size <= kFewBytes) return ahead.fill(out, size);
    ask_kernel(out, size);
  }

 private:
  static constexpr size_t kFewBytes = 64;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void fill(void* bytes, size_t size) override {
    const std::lock_guard lock(mutex_);
    auto* out = static_cast<char*>(bytes);
    while (size > 0) {
      const uint64_t word = engine_();
      const size_t n = size < sizeof(word) ? size : sizeof(word);
      std::memcpy(out, &word, n);
      out += n;
      size -= n;
    }
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace

uint64_t Random::next() {
  uint64_t word = 0;
  fill(&word, sizeof(word));
  return word;
}

std::string Random::hex(size_t bytes) {
  Bytes raw(bytes, '\0');
  fill(raw.data(), raw.size());
  return to_hex(raw);
}

std::string Random::alphanumeric(size_t characters) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string out;
  while (out.size() < characters) {
    const uint64_t word = next() >> 8;
    out.push_back(kAlphabet[word % kAlphabet.size()]);
  }
  return out;
}

std::string Random::uuid() {
  Bytes raw(16, '\0');
  fill(raw.data(), raw.size());
  raw[6] = static_cast<char>((raw[6] & 0x0F) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3F) | 0x80);
  std::string text = to_hex(raw);
  for (const size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
  return text;
}

std::unique_ptr<Random> make_system_random() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> make_seeded_random(uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace millrace::runtime
