// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/ops/detail/random.h"
#include "core/ops/detail/regex.h"

using namespace npu;
using namespace npu::detail;

TEST_CASE("the random numbers are those of MT19937 and NumPy") {
  RandomNumbers reference(5489);  // the default seed of std::mt19937, whose 10000th number the standard gives
  uint32_t last = 0;
  for (int i = 0; i < 10000; ++i) last = reference.bits();
  CHECK(last == 4123659995u);
  RandomNumbers zero(0);  // numpy.random.RandomState(0).random_sample(3), then standard_normal of a new RandomState(0)
  CHECK(zero.uniform() == 0.5488135039273248);
  CHECK(zero.uniform() == 0.7151893663724195);
  CHECK(zero.uniform() == 0.6027633760716439);
  RandomNumbers normal(0);
  CHECK(std::abs(normal.normal() - 1.764052345967664) < 1e-14);
  CHECK(std::abs(normal.normal() - 0.4001572083672233) < 1e-14);
  CHECK(std::abs(normal.normal() - 0.9787379841057392) < 1e-14);
}

TEST_CASE("regular expressions match whole texts") {
  const struct {
    std::string_view pattern, text;
    bool matches;
  } cases[] = {
      {"", "", true}, {"", "a", false}, {"a", "a", true}, {"a|bc", "bc", true}, {"a|bc", "abc", false}, {"(?:ab)*", "ababab", true},
      {"(ab)*", "aba", false}, {"a{2,3}", "a", false}, {"a{2,3}", "aaa", true}, {"a{2,3}", "aaaa", false}, {"a{2,}", "aaaaa", true},
      {"a{,3}", "a{,3}", true}, {"[a-c]+", "abcab", true}, {"[^a-c]+", "xyz", true}, {"[^a-c]+", "xbz", false}, {"[\\w.-]+@x\\.com", "a.b-c@x.com", true},
      {"\\d+\\s\\D", "12 x", true}, {"^a$", "a", true}, {"www\\.[\\w.-]+\\.\\bcom\\b", "www.google.com", true},
      {"www\\.[\\w.-]+\\.\\bcom\\b", "www.google.co", false}, {"(?i)AbC", "aBc", true}, {"a.c", "a\nc", false}, {"(?s)a.c", "a\nc", true},
      {"[[:alpha:]]+[[:digit:]]", "ab1", true}, {"x*?y+?", "xxyy", true}, {"\\x41", "A", true}, {"\\.", "a", false}, {".", "\xc3\xa9", true},
      {"..", "\xc3\xa9", false}, {"(a*)*", "aaaa", true}, {"(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false}, {"[]a]+", "a]", true}, {"[a-]+", "-a", true},
  };
  for (const auto& one : cases) {
    CAPTURE(one.pattern);
    CAPTURE(one.text);
    const auto regex = Regex::compile(one.pattern);
    REQUIRE_MESSAGE(regex, regex.error());
    CHECK(regex->matches(one.text) == one.matches);
  }
  for (const std::string_view bad : {"(", ")", "[", "[b-a]", "a**{2000}", "*", "(?=a)", "\\1", "\\q", "(((a{1000}){1000}){1000}){1000}", "a{3,2}"}) {
    CAPTURE(bad);
    CHECK(!Regex::compile(bad));
  }
}
