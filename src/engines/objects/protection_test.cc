#include "engines/objects/protection.h"

#include <gtest/gtest.h>

#include "engines/objects/toy_data_keys.h"

namespace millrace::objects {
namespace {

constexpr ObjectName kId{"b", "k"};

class ProtectionTest : public ::testing::Test {
 protected:
  Result<Protected> make(Protect how) { return protect(keys_, *random_, kId, how); }
  static Protect by_caller(char c) {
    Protect how;
    how.guard = Guard::caller;
    how.caller_key = Secret(Bytes(Cipher::kKeyBytes, c));
    return how;
  }
  Result<Secret> open(const Protected& what, ObjectName id = kId, const Secret& key = {}) {
    return unprotect(keys_, id, what.protection, key);
  }

  ToyDataKeys keys_;
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(11);
};

TEST_F(ProtectionTest, PlatformsKeyOpensForItsObjectOnly) {
  const auto made = make({});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->protection.data_key.find(made->data_key.view()), Bytes::npos);
  EXPECT_EQ(open(*made)->view(), made->data_key.view());
  EXPECT_FALSE(open(*made, {"b", "other"}));
  EXPECT_FALSE(open(*made, {"bk", ""}));
}

TEST_F(ProtectionTest, NamedKeyThatIsGoneOrDisabledOpensNothing) {
  Protect how;
  how.guard = Guard::named;
  how.name = "one";
  const auto made = make(std::move(how));
  ASSERT_TRUE(made);
  EXPECT_EQ(open(*made)->view(), made->data_key.view());
  keys_.disabled = true;
  EXPECT_EQ(open(*made).error().kind, ErrorKind::precondition_failed);
}

TEST_F(ProtectionTest, CallersKeyIsNotKeptAndAnotherIsTold) {
  const Protect how = by_caller('c');
  const auto made = protect(keys_, *random_, kId, how);
  ASSERT_TRUE(made);
  const Protection& row = made->protection;
  for (const Bytes& kept : {row.data_key, row.salt, row.check, row.name}) {
    EXPECT_EQ(kept.find("cccc"), Bytes::npos);
  }
  EXPECT_EQ(open(*made, kId, how.caller_key)->view(), made->data_key.view());
  EXPECT_EQ(open(*made, kId, by_caller('d').caller_key).error().kind, ErrorKind::denied);
  EXPECT_EQ(open(*made).error().kind, ErrorKind::denied);
  EXPECT_EQ(open(*made, {"b", "other"}, how.caller_key).error().kind, ErrorKind::internal);
  // Two objects under one key have nothing in common that is kept.
  const auto second = protect(keys_, *random_, kId, how);
  EXPECT_NE(second->protection.check, row.check);
  EXPECT_NE(second->data_key.view(), made->data_key.view());
}

TEST_F(ProtectionTest, CallersKeyHasThirtyTwoBytes) {
  Protect how = by_caller('c');
  how.caller_key = Secret("short");
  EXPECT_EQ(make(std::move(how)).error().kind, ErrorKind::invalid);
}

TEST_F(ProtectionTest, RewrappedKeyIsTheSameKey) {
  const auto made = make({});
  Protect how;
  how.guard = Guard::named;
  how.name = "two";
  const auto again = rewrap(keys_, {"b", "copy"}, how, made->data_key);
  ASSERT_TRUE(again);
  EXPECT_EQ(unprotect(keys_, {"b", "copy"}, *again, {})->view(), made->data_key.view());
  EXPECT_FALSE(unprotect(keys_, kId, *again, {}));
}

TEST_F(ProtectionTest, StreamKeysOpenUnderTheirDataKeyOnly) {
  const Secret data_key = make_stream_key(*random_);
  const Secret stream_key = make_stream_key(*random_);
  const Bytes wrapped = wrap_stream_key(*random_, data_key, stream_key);
  EXPECT_EQ(unwrap_stream_key(data_key, wrapped)->view(), stream_key.view());
  EXPECT_FALSE(unwrap_stream_key(stream_key, wrapped));
  EXPECT_FALSE(unwrap_stream_key(data_key, BytesView(wrapped).substr(1)));
  for (size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    Bytes torn = wrapped;
    torn[bit / 8] = static_cast<char>(torn[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(unwrap_stream_key(data_key, torn)) << bit;
  }
}

TEST_F(ProtectionTest, NothingIsSealedWhereNobodyGuards) {
  Protect how;
  how.guard = Guard::none;
  const auto made = make(std::move(how));
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->protection.sealed());
  EXPECT_TRUE(made->data_key.empty());
  EXPECT_TRUE(open(*made)->empty());
}

}  // namespace
}  // namespace millrace::objects
