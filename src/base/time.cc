#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/result.h"

namespace millrace {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Civil {
  int year;
  unsigned month, day;
  int hour, minute, second, millis;
  unsigned weekday;
};

Civil civil(Time t) {
  const auto day = floor<days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{floor<milliseconds>(t - day)};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count()),
          std::chrono::weekday{day}.c_encoding()};
}

// Writes text piece by piece; several of these stand in every answer.
struct Writer {
  static constexpr size_t kLongest = 32;
  Writer() { out.reserve(kLongest); }
  std::string out;

  Writer& number(int value, unsigned digits) {
    constexpr int kYearMax = 9999;
    if (value < 0 || value > kYearMax) {
      out += fmt::format("{:0{}}", value, digits);
      return *this;
    }
    char text[4] = {};
    ASSERT(digits <= sizeof text);
    for (size_t i = digits; i-- > 0; value /= 10) text[i] = static_cast<char>('0' + value % 10);
    out.append(text, digits);
    return *this;
  }
  Writer& number(unsigned value, unsigned digits) {
    return number(static_cast<int>(value), digits);
  }
  Writer& text(std::string_view literal) {
    out += literal;
    return *this;
  }
  // hh:mm:ss
  Writer& clock(const Civil& c) {
    return number(c.hour, 2).text(":").number(c.minute, 2).text(":").number(c.second, 2);
  }
  // yyyy-mm-ddThh:mm:ss
  Writer& date_and_clock(const Civil& c) {
    number(c.year, 4).text("-").number(c.month, 2).text("-").number(c.day, 2).text("T");
    return clock(c);
  }
};

// Reads text from its front; `good` turns false at the first thing that does not fit.
struct Reader {
  std::string_view text;
  bool good = true;

  int number(size_t digits) {
    int value = 0;
    if (text.size() < digits) good = false;
    for (size_t i = 0; good && i < digits; ++i) {
      if (text[i] < '0' || text[i] > '9') good = false;
      value = value * 10 + (text[i] - '0');
    }
    if (good) text.remove_prefix(digits);
    return good ? value : 0;
  }
  void expect(std::string_view literal) {
    if (text.substr(0, literal.size()) != literal) good = false;
    if (good) text.remove_prefix(literal.size());
  }
  bool skip(char c) {
    if (!good || text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  int month() {
    for (size_t i = 0; good && i < kMonths.size(); ++i) {
      if (text.substr(0, 3) == kMonths[i]) {
        text.remove_prefix(3);
        return static_cast<int>(i) + 1;
      }
    }
    good = false;
    return 1;
  }
};

std::optional<Time> assemble(const Reader& reader, int year, int month, int day, int hour,
                             int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.good || !date.ok() || year < 1 || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  return Time(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace

std::string to_iso8601(Time t) {
  const Civil c = civil(t);
  if (c.millis != 0) return to_iso8601_millis(t);
  return Writer().date_and_clock(c).text("Z").out;
}

std::string to_iso8601_millis(Time t) {
  const Civil c = civil(t);
  return Writer().date_and_clock(c).text(".").number(c.millis, 3).text("Z").out;
}

std::string to_iso8601_basic(Time t) {
  const Civil c = civil(t);
  Writer writer;
  writer.number(c.year, 4).number(c.month, 2).number(c.day, 2).text("T");
  writer.number(c.hour, 2).number(c.minute, 2).number(c.second, 2).text("Z");
  return writer.out;
}

std::string to_http_date(Time t) {
  const Civil c = civil(t);
  Writer writer;
  writer.text(kDays[c.weekday]).text(", ").number(c.day, 2).text(" ");
  writer.text(kMonths[c.month - 1]).text(" ").number(c.year, 4).text(" ").clock(c).text(" GMT");
  return writer.out;
}

double to_epoch_seconds(Time t) { return static_cast<double>(t.time_since_epoch().count()) / 1e6; }

std::optional<Time> parse_iso8601(std::string_view text) {
  Reader r{text};
  const int year = r.number(4);
  r.expect("-");
  const int month = r.number(2);
  r.expect("-");
  const int day = r.number(2);
  if (r.good && r.text.empty()) return assemble(r, year, month, day, 0, 0, 0);
  if (!r.skip('T') && !r.skip('t') && !r.skip(' ')) return std::nullopt;
  const int hour = r.number(2);
  r.expect(":");
  const int minute = r.number(2);
  r.expect(":");
  const int second = r.number(2);
  int64_t micros = 0;
  if (r.skip('.')) {
    if (r.text.empty() || r.text.front() < '0' || r.text.front() > '9') return std::nullopt;
    for (int64_t scale = 100000; !r.text.empty() && r.text.front() >= '0' && r.text.front() <= '9';
         scale /= 10) {
      micros += scale * (r.text.front() - '0');
      r.text.remove_prefix(1);
    }
  }
  minutes offset{0};
  if (!r.text.empty() && (r.text.front() == '+' || r.text.front() == '-')) {
    const int sign = r.text.front() == '-' ? -1 : 1;
    r.text.remove_prefix(1);
    const int offset_hours = r.number(2);
    r.skip(':');
    const int offset_minutes = r.number(2);
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = sign * (hours(offset_hours) + minutes(offset_minutes));
  } else if (!r.skip('Z') && !r.skip('z') && !r.text.empty()) {
    return std::nullopt;
  }
  if (!r.text.empty()) return std::nullopt;
  const auto t = assemble(r, year, month, day, hour, minute, second);
  if (!t) return std::nullopt;
  return *t + microseconds(micros) - offset;
}

std::optional<Time> parse_iso8601_basic(std::string_view text) {
  Reader r{text};
  const int year = r.number(4);
  const int month = r.number(2);
  const int day = r.number(2);
  r.expect("T");
  const int hour = r.number(2);
  const int minute = r.number(2);
  const int second = r.number(2);
  r.expect("Z");
  if (!r.text.empty()) return std::nullopt;
  return assemble(r, year, month, day, hour, minute, second);
}

std::optional<Time> parse_http_date(std::string_view text) {
  Reader r{text};
  const size_t comma = text.find(',');
  int year = 0;
  int month = 0;
  int day = 0;
  if (comma != std::string_view::npos) {  // IMF-fixdate, or RFC 850 with dashes.
    r.text.remove_prefix(comma + 1);
    r.expect(" ");
    day = r.number(2);
    const bool dashes = r.skip('-');
    if (!dashes) r.expect(" ");
    month = r.month();
    r.expect(dashes ? "-" : " ");
    year = dashes && r.text.size() > 2 && r.text[2] == ' ' ? r.number(2) + 1900 : r.number(4);
    if (year < 1970 && dashes) year += 100;
    r.expect(" ");
  } else {  // asctime
    if (text.size() < 4) return std::nullopt;
    r.text.remove_prefix(4);
    month = r.month();
    r.expect(" ");
    day = r.skip(' ') ? r.number(1) : r.number(2);
    r.expect(" ");
  }
  const int hour = r.number(2);
  r.expect(":");
  const int minute = r.number(2);
  r.expect(":");
  const int second = r.number(2);
  r.expect(" ");
  if (comma != std::string_view::npos) {
    r.expect("GMT");
  } else {
    year = r.number(4);
  }
  if (!r.text.empty()) return std::nullopt;
  return assemble(r, year, month, day, hour, minute, second);
}

std::optional<Time> from_epoch_seconds(double seconds) {
  constexpr double kLimit = 253402300800.0;  // Year 10000.
  if (!(seconds > -62135596800.0 && seconds < kLimit)) return std::nullopt;
  return Time(microseconds(std::llround(seconds * 1e6)));
}

}  // namespace millrace
