// SPDX-License-Identifier: GPL-2.0-or-later
//
// Suppression files: which tokens their patterns match. Method: small texts and tokens.
#include "fuzz/report/suppressions.h"

#include "regress/unit/catch.h"

namespace hotplug::report {
namespace {

TEST_CASE("a pattern matches a whole token") {
  Suppressions s;
  s.Add("I1/cb@offlining/MEM_OFFLINE\n");
  CHECK(s.Match("I1/cb@offlining/MEM_OFFLINE"));
  CHECK_FALSE(s.Match("I1/cb@offlining/MEM_OFFLINE2"));
  CHECK_FALSE(s.Match("XI1/cb@offlining/MEM_OFFLINE"));
  CHECK_FALSE(s.Match(""));
}

TEST_CASE("a star matches any part of a token, also none") {
  Suppressions s;
  s.Add("K2/*@none/*\n");
  CHECK(s.Match("K2/kfree@none/none"));
  CHECK(s.Match("K2/@none/"));
  CHECK_FALSE(s.Match("K2/kfree@online/none"));
}

TEST_CASE("comments, blanks and empty lines are no patterns") {
  Suppressions s;
  s.Add("# everything: *\n\n   \t\r\n  I6/*  # not ours\r\n");
  CHECK(s.Match("I6/a@b/c"));
  CHECK_FALSE(s.Match("I7/a@b/c"));
  CHECK_FALSE(s.Match("# everything: x"));
}

TEST_CASE("a file that is not there is an error, not an empty one") {
  Suppressions s;
  CHECK_FALSE(s.Load("regress/unit/no-such-file"));
  CHECK(s.empty());
}

}  // namespace
}  // namespace hotplug::report
