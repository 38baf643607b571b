// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/results/formats.h"

#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/invariants/invariants.h"
#include "model/scenario/echo.h"

namespace hotplug::results {

namespace {

size_t Count(const std::vector<Result>& results, bool (*which)(const Result&)) {
  size_t n = 0;
  for (const Result& r : results) n += which(r) ? 1 : 0;
  return n;
}
bool IsUnreadable(const Result& r) { return !r.unreadable.empty(); }
bool HasFailed(const Result& r) { return !r.token.empty(); }

// ---- Escaping ----

constexpr const char* kReplacement = "\xef\xbf\xbd";

// `text` in UTF-8, each character as `escape` has it.
template <typename Escape>
std::string Escaped(absl::string_view text, const Escape& escape) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8Length({text.data(), text.size()});
    out += length == 0 ? kReplacement : escape(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

// For text and for attributes. XML cannot say U+FFFE, U+FFFF and most control characters at all,
// and in an attribute a line feed as it is would be read as a space.
std::string Xml(absl::string_view text) {
  return Escaped(text, [](absl::string_view character) -> std::string {
    const char c = character[0];
    if (c == '&') return "&amp;";
    if (c == '<') return "&lt;";
    if (c == '>') return "&gt;";
    if (c == '"') return "&quot;";
    if (c == '\t' || c == '\n' || c == '\r') return absl::StrCat("&#", static_cast<int>(c), ";");
    const bool control = static_cast<unsigned char>(c) < 0x20;
    const bool none = character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
    return control || none ? kReplacement : std::string(character);
  });
}

std::string Json(absl::string_view text) {
  const std::string escaped = Escaped(text, [](absl::string_view character) -> std::string {
    const char c = character[0];
    if (c == '"' || c == '\\') return {'\\', c};
    if (c == '\n') return "\\n";
    if (static_cast<unsigned char>(c) < 0x20) return absl::StrFormat("\\u%04x", c);
    return std::string(character);
  });
  return absl::StrCat("\"", escaped, "\"");
}

// A path as the reference that a URI has for it.
std::string Uri(absl::string_view path) {
  std::string out = path.substr(0, 1) == "/" ? "file://" : "";
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool plain = letter || (c >= '0' && c <= '9') ||
                       absl::string_view("-._~/").find(c) != absl::string_view::npos;
    if (plain) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

// ---- The formats ----

std::string JunitCase(const Result& r) {
  std::string out = absl::StrCat("    <testcase classname=\"", Xml(r.driver), "\" name=\"",
                                 Xml(EchoName(r.file)), "\"");
  if (IsUnreadable(r)) {
    absl::StrAppend(&out, ">\n      <error type=\"input\" message=\"", Xml(r.unreadable),
                    "\"/>\n    </testcase>\n");
  } else if (HasFailed(r)) {
    absl::StrAppend(&out, ">\n      <failure type=\"", Xml(r.token), "\" message=\"",
                    Xml(r.sentence), "\">", Xml(r.report), "</failure>\n    </testcase>\n");
  } else {
    out += "/>\n";
  }
  return out;
}

std::string SarifRule(absl::string_view id, absl::string_view sentence) {
  return absl::StrCat("        {\"id\": ", Json(id),
                      ", \"shortDescription\": {\"text\": ", Json(sentence), "}}");
}

std::string SarifRules() {
  std::vector<std::string> rules;
  rules.reserve(invariants::kNrInvariants + std::size(kEnds));
  for (uint32_t i = 0; i < invariants::kNrInvariants; ++i) {
    rules.push_back(
        SarifRule(invariants::kInvariants[i].name, invariants::kInvariants[i].sentence));
  }
  for (const End& end : kEnds) rules.push_back(SarifRule(end.id, end.sentence));
  return absl::StrJoin(rules, ",\n");
}

std::string SarifLocation(const Result& r) {
  return absl::StrCat("\"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ",
                      Json(Uri(r.file)), "}, \"region\": {\"startLine\": 1}}}]");
}

std::string SarifResult(const Result& r) {
  const bool invariant = r.rule < invariants::kNrInvariants;
  const char* id = invariant ? invariants::kInvariants[r.rule].name
                             : kEnds[r.rule - invariants::kNrInvariants].id;
  return absl::StrCat("      {\"ruleId\": ", Json(id), ", \"ruleIndex\": ", r.rule,
                      ", \"level\": \"error\",\n       \"message\": {\"text\": ",
                      Json(absl::StrCat(r.sentence, "\n\n", r.report)),
                      "},\n       \"partialFingerprints\": {\"dedupToken/v1\": ", Json(r.token),
                      "},\n       ", SarifLocation(r), "}");
}

std::string SarifNotification(const Result& r) {
  return absl::StrCat("        {\"level\": \"error\", \"message\": {\"text\": ", Json(r.unreadable),
                      "}, ", SarifLocation(r), "}");
}

}  // namespace

std::string Junit(const std::vector<Result>& results) {
  const std::string counts =
      absl::StrCat("tests=\"", results.size(), "\" failures=\"", Count(results, HasFailed),
                   "\" errors=\"", Count(results, IsUnreadable), "\"");
  std::string out = absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ", counts,
                                 ">\n  <testsuite name=\"hotplug-fuzz\" ", counts, ">\n");
  for (const Result& r : results) out += JunitCase(r);
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string Sarif(const std::vector<Result>& results) {
  std::vector<std::string> failed;
  std::vector<std::string> unreadable;
  for (const Result& r : results) {
    if (HasFailed(r)) failed.push_back(SarifResult(r));
    if (IsUnreadable(r)) unreadable.push_back(SarifNotification(r));
  }
  return absl::StrCat(
      "{\n  \"version\": \"2.1.0\",\n  \"runs\": [{\n    \"tool\": {\"driver\": {\n      \"name\": "
      "\"hotplug-fuzz\",\n      \"rules\": [\n",
      SarifRules(), "\n      ]\n    }},\n    \"invocations\": [{\n      \"executionSuccessful\": ",
      unreadable.empty() ? "true" : "false", ",\n      \"toolExecutionNotifications\": [\n",
      absl::StrJoin(unreadable, ",\n"), "\n      ]\n    }],\n    \"results\": [\n",
      absl::StrJoin(failed, ",\n"), "\n    ]\n  }]\n}\n");
}

}  // namespace hotplug::results
