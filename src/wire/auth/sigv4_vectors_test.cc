// AWS's published signing vectors, all of them, both forms, both ways.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/hash.h"
#include "base/uri.h"
#include "wire/auth/key_fixture.h"
#include "wire/auth/sign.h"
#include "wire/auth/verify.h"

namespace millrace::auth {
namespace {

namespace fs = std::filesystem;

fs::path vectors() {
  const char* shared = std::getenv("MILLRACE_SHARED");
  const fs::path root = shared != nullptr ? fs::path(shared)
                                          : fs::path(__FILE__).parent_path() / "../../../../shared";
  return root / "vectors" / "sigv4";
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

struct Message {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// `Name:value` lines; a line that begins with white space continues the value before it.
Message parse(const std::string& text) {
  Message out;
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  const std::string target = line.substr(first + 1, last - first - 1);
  out.method = line.substr(0, first);
  const size_t mark = target.find('?');
  out.path = target.substr(0, mark);
  if (mark != std::string::npos) out.query = target.substr(mark + 1);
  while (std::getline(in, line) && !line.empty()) {
    if (line[0] == ' ') {
      out.headers.back().second += "\n" + line;
      continue;
    }
    const size_t colon = line.find(':');
    out.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  std::getline(in, out.body, '\0');
  return out;
}

struct Context {
  Signer signer;
  Time time{};
  bool sign_body = false;
};

std::string member(const std::string& json, const std::string& name) {
  const size_t at = json.find("\"" + name + "\":");
  if (at == std::string::npos) return {};
  const size_t begin = json.find_first_not_of(' ', at + name.size() + 3);
  if (json[begin] == '"') return json.substr(begin + 1, json.find('"', begin + 1) - begin - 1);
  return json.substr(begin, json.find_first_of(",\n}", begin) - begin);
}

Context context(const fs::path& folder) {
  const std::string json = slurp(folder / "context.json");
  Context out;
  out.signer = {.access_key_id = member(json, "access_key_id"),
                .secret = member(json, "secret_access_key"),
                .session_token = member(json, "token"),
                .region = member(json, "region"),
                .service = member(json, "service"),
                .path = {member(json, "normalize") == "true", true},
                .token_outside_signature = member(json, "omit_session_token") == "true"};
  out.time = *parse_iso8601(member(json, "timestamp"));
  out.sign_body = member(json, "sign_body") == "true";
  EXPECT_EQ(member(json, "expiration_in_seconds"), "3600");
  return out;
}

std::vector<HeaderView> views(const Message& message) {
  std::vector<HeaderView> out;
  for (const auto& [name, value] : message.headers) out.push_back({name, value});
  return out;
}

class SigV4Vector : public testing::TestWithParam<std::string> {
 protected:
  std::string expected(const std::string& file) const { return slurp(folder_ / file); }

  std::expected<Verified, AuthFailure> check(const Message& message) {
    const std::vector<HeaderView> headers = views(message);
    const RequestView request{message.method, message.path, message.query, headers};
    VerifyRules rules = service_rules("service", "us-east-1");
    rules.path = context_.signer.path;
    rules.token_outside_query = context_.signer.token_outside_signature;
    return verify(request, rules, message.body, {keys_, signing_keys_}, context_.time);
  }

  // Changes every byte that means something, one at a time; none of these may be believed.
  void expect_tampering_is_refused(Message& message) {
    const PathRule rule = context_.signer.path;
    tamper(message, message.path, [rule](const std::string& a, const std::string& b) {
      return canonical_path(a, rule) == canonical_path(b, rule);
    });
    tamper(message, message.query, [](const std::string& a, const std::string& b) {
      return canonical_query(a) == canonical_query(b);
    });
    tamper(message, message.method, [](auto&, auto&) { return false; });
    for (auto& [name, value] : message.headers) {
      const bool is_unsigned =
          context_.signer.token_outside_signature && name == "X-Amz-Security-Token";
      if (is_unsigned) continue;
      tamper(message, value, [](const std::string& a, const std::string& b) {
        const std::array<std::string_view, 1> names = {"n"};
        std::array<std::string, 2> out;
        const std::array<HeaderView, 1> first = {HeaderView{"n", a}};
        const std::array<HeaderView, 1> second = {HeaderView{"n", b}};
        append_canonical_headers(out[0], first, names);
        append_canonical_headers(out[1], second, names);
        return out[0] == out[1];
      });
    }
  }

  template <class SameMeaning>
  void tamper(Message& message, std::string& text, SameMeaning same_meaning) {
    const std::string original = text;
    for (size_t i = 0; i < original.size(); ++i) {
      text = original;
      text[i] = static_cast<char>(text[i] ^ 1);
      if (!same_meaning(original, text)) {
        EXPECT_FALSE(check(message)) << "accepted with byte " << i << " changed in " << text;
      }
    }
    text = original;
  }

  void SetUp() override {
    folder_ = vectors() / GetParam();
    if (!fs::exists(folder_)) GTEST_SKIP() << "no vector " << GetParam();
    context_ = context(folder_);
    const Signer& signer = context_.signer;
    keys_ = KeyFixture({{.id = signer.access_key_id,
                         .secret = signer.secret,
                         .session_token = signer.session_token}});
  }

  fs::path folder_;
  Context context_;
  KeyFixture keys_{{}};
  SigningKeys signing_keys_;
};

TEST_P(SigV4Vector, SignsTheHeader) {
  Message message = parse(slurp(folder_ / "request.txt"));
  const std::string hash =
      context_.sign_body ? to_hex(sha256(message.body)) : std::string(kEmptySha256);
  if (context_.sign_body) message.headers.emplace_back("x-amz-content-sha256", hash);
  const std::vector<HeaderView> headers = views(message);
  const HeaderSignature made = sign_header(
      context_.signer, {message.method, message.path, message.query, headers}, hash, context_.time);
  EXPECT_EQ(made.canonical_request, expected("header-canonical-request.txt"));
  EXPECT_EQ(made.string_to_sign, expected("header-string-to-sign.txt"));
  EXPECT_EQ(made.signature, expected("header-signature.txt"));
  const Message wanted = parse(expected("header-signed-request.txt"));
  for (const auto& header : made.headers) {
    EXPECT_TRUE(std::ranges::find(wanted.headers, header) != wanted.headers.end())
        << header.first << ": " << header.second;
  }
}

TEST_P(SigV4Vector, SignsTheQuery) {
  const Message message = parse(slurp(folder_ / "request.txt"));
  const std::string hash =
      context_.sign_body ? to_hex(sha256(message.body)) : std::string(kEmptySha256);
  const std::vector<HeaderView> headers = views(message);
  const QuerySignature made =
      sign_query(context_.signer, {message.method, message.path, message.query, headers}, hash,
                 context_.time, seconds(3600));
  EXPECT_EQ(made.canonical_request, expected("query-canonical-request.txt"));
  EXPECT_EQ(made.string_to_sign, expected("query-string-to-sign.txt"));
  EXPECT_EQ(made.signature, expected("query-signature.txt"));
  EXPECT_EQ(made.query, parse(expected("query-signed-request.txt")).query);
}

TEST_P(SigV4Vector, VerifiesTheHeaderAndRefusesAnyChangedByte) {
  Message message = parse(expected("header-signed-request.txt"));
  const auto verified = check(message);
  ASSERT_TRUE(verified) << to_string(verified.error().problem);
  EXPECT_EQ(verified->kind, AuthKind::header);
  EXPECT_EQ(verified->key.id, "AKIDEXAMPLE");
  EXPECT_EQ(verified->key.secret, "");
  EXPECT_EQ(verified->scope, (CredentialScope{"20150830", "us-east-1", "service"}));
  expect_tampering_is_refused(message);
}

TEST_P(SigV4Vector, VerifiesTheQueryAndRefusesAnyChangedByte) {
  Message message = parse(expected("query-signed-request.txt"));
  const auto verified = check(message);
  ASSERT_TRUE(verified) << to_string(verified.error().problem);
  EXPECT_EQ(verified->kind, AuthKind::presigned);
  expect_tampering_is_refused(message);
  if (message.body.empty()) return;
  message.body[0] = static_cast<char>(message.body[0] ^ 1);
  EXPECT_EQ(check(message).error().problem, AuthProblem::signature_mismatch);
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(vectors(), code)) {
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  }
  std::ranges::sort(out);
  if (out.empty()) out.emplace_back("absent");
  return out;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Published, SigV4Vector, testing::ValuesIn(names()), test_name);

}  // namespace
}  // namespace millrace::auth
