#include "wire/protocols/event_stream.h"

#include <gtest/gtest.h>

namespace millrace::wire {
namespace {

Bytes hex(std::string_view text) {
  Bytes out;
  EXPECT_TRUE(from_hex(text, out));
  return out;
}

EventMessage end_event() { return {{{":message-type", "event"}, {":event-type", "End"}}, ""}; }

// The first two are those that AWS's SDKs test their decoders with.
TEST(EventStream, WritesKnownMessages) {
  Bytes out;
  append_event(out, {});
  EXPECT_EQ(to_hex(out), "000000100000000005c248eb7d98c8ff");
  out.clear();
  append_event(out, {{}, "{'foo':'bar'}"});
  EXPECT_EQ(to_hex(out), "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936");
  out.clear();
  append_event(out, end_event());
  EXPECT_EQ(to_hex(out),
            "0000003800000028c1c684d40d3a6d6573736167652d747970650700056576656e74"
            "0b3a6576656e742d74797065070003456e64cf97d392");
}

TEST(EventStream, ReadsWhatItWrote) {
  Bytes out;
  append_event(out, {{{":event-type", "Records"}}, "a,b\n"});
  append_event(out, end_event());
  BytesView stream = out;
  const auto records = take_event(stream);
  ASSERT_TRUE(records && *records);
  EXPECT_EQ((*records)->payload, "a,b\n");
  const auto end = take_event(stream);
  ASSERT_TRUE(end && *end);
  EXPECT_EQ(*(*end)->header(":event-type"), "End");
  EXPECT_EQ((*end)->header("other"), nullptr);
  EXPECT_TRUE(stream.empty());
}

TEST(EventStream, WaitsForTheWholeMessage) {
  Bytes out;
  append_event(out, end_event());
  for (size_t size = 0; size < out.size(); ++size) {
    BytesView stream = BytesView(out).substr(0, size);
    const auto message = take_event(stream);
    EXPECT_TRUE(message && !*message) << size;
    EXPECT_EQ(stream.size(), size);
  }
}

TEST(EventStream, FindsEveryFlippedBit) {
  Bytes out;
  append_event(out, end_event());
  for (size_t bit = 0; bit < out.size() * 8; ++bit) {
    Bytes bad = out;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    BytesView stream = bad;
    EXPECT_FALSE(take_event(stream)) << bit;
  }
}

TEST(EventStream, RefusesWhatItDoesNotKnow) {
  // A header of one byte, as AWS's SDKs test it.
  const Bytes typed = hex("00000017000000072986015804") + "byte" + hex("02ffc2f869dc");
  BytesView stream = typed;
  EXPECT_EQ(take_event(stream).error().kind, ErrorKind::unsupported);
  // Lengths that cannot be, with the right checksum.
  Bytes lengths = hex("0000000f00000000");
  lengths += hex("5e67fb59");
  stream = lengths;
  EXPECT_EQ(take_event(stream).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace millrace::wire
