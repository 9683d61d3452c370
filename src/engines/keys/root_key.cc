#include "engines/keys/root_key.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "engines/keys/rows.h"
#include "runtime/loop.h"

namespace millrace::keys {
namespace {

constexpr std::string_view kHeading = "millrace root key 1\n";
constexpr uint64_t kFileBytesMax = 4096;
constexpr size_t kFingerprintBytes = 16;
constexpr std::string_view kMarkName = "root";

Result<void> check_mode(const runtime::Path& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0 && (st.st_mode & 077) != 0) {
    return fail(ErrorKind::denied, fmt::format("{} can be read by others; run: chmod 600 {}",
                                               path.string(), path.string()));
  }
  return {};
}

Result<Secret> read_root(runtime::Disk& disk, const runtime::Path& path) {
  TRY(Bytes read, runtime::read_file(disk, path, kFileBytesMax));
  const Secret text(std::move(read));
  TRY(check_mode(path));
  BytesView hex = text.view();
  Bytes raw;
  const bool framed = hex.starts_with(kHeading) && hex.ends_with('\n');
  if (framed) hex = hex.substr(kHeading.size(), hex.size() - kHeading.size() - 1);
  if (!framed || !from_hex(hex, raw) || raw.size() != Cipher::kKeyBytes) {
    return fail(ErrorKind::invalid, fmt::format("{} is not a root key", path.string()));
  }
  return Secret(std::move(raw));
}

Result<Secret> make_root(runtime::Disk& disk, runtime::Random& random, const runtime::Path& path) {
  Secret made;
  random.fill(made.resize(Cipher::kKeyBytes), Cipher::kKeyBytes);
  const Secret text(std::string(kHeading) + to_hex(made.view()) + "\n");
  TRY(runtime::write_file_durably(disk, path, text.view()));
  return made;
}

}  // namespace

RootKey::RootKey(Secret secret) : secret_(std::move(secret)) {
  ASSERT(secret_.size() == Cipher::kKeyBytes);
}

Secret RootKey::derive(std::string_view purpose) const {
  return Secret(hmac_sha256(secret_.view(), fmt::format("millrace 1 {}", purpose)));
}

// Nonces are random: of 2^32 secrets sealed for one purpose, two share one with odds of 2^-33.
Bytes RootKey::seal(runtime::Random& random, std::string_view purpose, BytesView bound,
                    BytesView plain) const {
  Bytes out(Cipher::kNonceBytes + plain.size() + Cipher::kTagBytes, '\0');
  random.fill(out.data(), Cipher::kNonceBytes);
  Cipher cipher(derive(purpose).view());
  cipher.seal(BytesView(out).substr(0, Cipher::kNonceBytes), bound, plain,
              out.data() + Cipher::kNonceBytes);
  return out;
}

Result<Secret> RootKey::open(std::string_view purpose, BytesView bound, BytesView sealed) const {
  if (sealed.size() < Cipher::kNonceBytes + Cipher::kTagBytes) {
    return fail(ErrorKind::invalid, "what is sealed is too short");
  }
  Secret out;
  char* const to = out.resize(sealed.size() - Cipher::kNonceBytes - Cipher::kTagBytes);
  Cipher cipher(derive(purpose).view());
  if (!cipher.open(sealed.substr(0, Cipher::kNonceBytes), bound, sealed.substr(Cipher::kNonceBytes),
                   to)) {
    return fail(ErrorKind::invalid, "what is sealed does not open under this root key");
  }
  return out;
}

Bytes RootKey::fingerprint() const {
  return sha256(derive("fingerprint").view()).substr(0, kFingerprintBytes);
}

Result<RootKey> load_root_key(runtime::Disk& disk, runtime::Random& random, store::Database& db,
                              const runtime::Path& data) {
  const runtime::Path path = data / "root-key";
  store::Txn txn = db.begin();
  TRY(const std::optional<RootMark> mark, txn.find(kRootMarks, {std::string(kMarkName)}));
  Result<Secret> secret = read_root(disk, path);
  if (!secret && secret.error().kind == ErrorKind::not_found) {
    if (mark) {
      return fail(
          ErrorKind::not_found,
          fmt::format("{} is missing; what is encrypted cannot be read without it", path.string()));
    }
    secret = make_root(disk, random, path);
  }
  if (!secret) return fail(std::move(secret).error());
  RootKey root(std::move(*secret));
  const Bytes fingerprint = root.fingerprint();
  if (mark && !equal_constant_time(mark->fingerprint, fingerprint)) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is not the root key of these rows", path.string()));
  }
  if (mark) return root;
  // The file is on disk before the mark: a crash in between leaves a root key that nothing uses.
  txn.put(kRootMarks, RootMark{std::string(kMarkName), fingerprint});
  runtime::Loop loop;
  TRY(runtime::run_task(loop, txn.commit()));
  return root;
}

}  // namespace millrace::keys
