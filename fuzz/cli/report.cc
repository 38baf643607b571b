// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs files and says what came out in the formats that CI systems read: JUnit XML, and SARIF
// 2.1.0. File names are any bytes; what a format cannot say becomes U+FFFD.
#include "fuzz/report/report.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/token.h"
#include "model/scenario/spec.h"

ABSL_FLAG(std::string, format, "", "");
ABSL_FLAG(bool, distinct, false, "");

namespace hotplug::cli {

namespace {

// What became of one file.
struct Result {
  std::string file;
  uint64_t size = 0;
  std::string unreadable;  // why, or empty
  std::string driver;
  ExitCode code = kAllWell;
  // Of a run that did not end well:
  uint32_t rule = 0;  // row of kInvariants, or kNrInvariants for the step limit
  std::string token;
  std::string sentence;
  std::string report;
};

constexpr const char* kLimit = "limit";
constexpr const char* kLimitSentence = "the run ends within the step limit";

Result RunFile(const std::string& file) {
  Result r;
  r.file = file;
  const absl::StatusOr<Input> input = Load(file);
  if (!input.ok()) {
    r.unreadable = std::string(input.status().message());
    r.code = Complain(input.status());
    return r;
  }
  run::Outcome outcome;
  std::error_code ignored;
  const run::RunOptions options = input->Options();
  const drivers::Driver& driver = report::DriverOf(input->scenario, options);
  run::Run(input->scenario, options, &outcome);
  r.driver = scenario::PrintDriver(input->scenario, run::Names());
  r.size = std::filesystem::file_size(file, ignored);
  r.code = ExitCodeOf(outcome.verdict);
  if (r.code == kAllWell) return r;

  r.report = report::Explain(input->scenario, options, &outcome);
  r.rule = invariants::kNrInvariants;
  r.token = kLimit;
  r.sentence = kLimitSentence;
  if (const invariants::Violation* v = outcome.first()) {
    r.rule = static_cast<uint32_t>(v->id) - 1;
    r.token = report::DedupToken(*v, driver);
    r.sentence = invariants::kInvariants[r.rule].sentence;
    const std::string numbers = report::ExpectedAndFound(*v);
    if (!numbers.empty()) absl::StrAppend(&r.sentence, "; ", numbers);
  }
  return r;
}

// Leaves of the files with one token the smallest, the first of those.
std::vector<Result> Distinct(const std::vector<Result>& results) {
  std::map<std::string, const Result*> smallest;
  for (const Result& r : results) {
    const Result*& best = smallest.emplace(r.token, &r).first->second;
    if (r.size < best->size) best = &r;
  }
  std::vector<Result> distinct;
  for (const Result& r : results) {
    if (r.token.empty() || smallest[r.token] == &r) distinct.push_back(r);
  }
  return distinct;
}

size_t Count(const std::vector<Result>& results, bool (*which)(const Result&)) {
  size_t n = 0;
  for (const Result& r : results) n += which(r) ? 1 : 0;
  return n;
}
bool Unreadable(const Result& r) { return !r.unreadable.empty(); }
bool Failed(const Result& r) { return !r.token.empty(); }

// ---- Escaping ----

constexpr const char* kReplacement = "\xef\xbf\xbd";

// The number of bytes of the character at the head of `text`, or 0 if it is not one of UTF-8:
// broken off, longer than need be, a surrogate, beyond the last.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char head = byte(0);
  if (head < 0x80) return 1;
  const size_t length = head >= 0xf0 ? 4 : head >= 0xe0 ? 3 : 2;
  if (head < 0xc2 || head > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (head == 0xe0 && byte(1) < 0xa0) || (head == 0xf0 && byte(1) < 0x90);
  const bool surrogate = head == 0xed && byte(1) >= 0xa0;
  const bool beyond = head == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

// `text` in UTF-8, each character of one byte as `escape` has it.
template <typename Escape>
std::string Escaped(absl::string_view text, const Escape& escape) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) {
      out += kReplacement;
    } else if (length == 1) {
      out += escape(text[0]);
    } else {
      absl::StrAppend(&out, text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

// For text and for attributes. XML cannot say U+FFFE, U+FFFF and most control characters at all,
// and in an attribute a line feed as it is would be read as a space.
std::string Xml(absl::string_view text) {
  std::string out = Escaped(text, [](char c) -> std::string {
    if (c == '&') return "&amp;";
    if (c == '<') return "&lt;";
    if (c == '>') return "&gt;";
    if (c == '"') return "&quot;";
    if (c == '\t' || c == '\n' || c == '\r') return absl::StrCat("&#", static_cast<int>(c), ";");
    return static_cast<unsigned char>(c) < 0x20 ? kReplacement : std::string(1, c);
  });
  for (const char* none : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (size_t at; (at = out.find(none)) != std::string::npos;) out.replace(at, 3, kReplacement);
  }
  return out;
}

std::string Json(absl::string_view text) {
  return absl::StrCat("\"",
                      Escaped(text,
                              [](char c) -> std::string {
                                if (c == '"' || c == '\\') return {'\\', c};
                                if (c == '\n') return "\\n";
                                if (static_cast<unsigned char>(c) >= 0x20) return {c};
                                return absl::StrFormat("\\u%04x", c);
                              }),
                      "\"");
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
  std::string out =
      absl::StrCat("    <testcase classname=\"", Xml(r.driver), "\" name=\"", Xml(r.file), "\"");
  if (Unreadable(r)) {
    absl::StrAppend(&out, ">\n      <error type=\"input\" message=\"", Xml(r.unreadable),
                    "\"/>\n    </testcase>\n");
  } else if (Failed(r)) {
    absl::StrAppend(&out, ">\n      <failure type=\"", Xml(r.token), "\" message=\"",
                    Xml(r.sentence), "\">", Xml(r.report), "</failure>\n    </testcase>\n");
  } else {
    out += "/>\n";
  }
  return out;
}

std::string Junit(const std::vector<Result>& results) {
  const std::string counts =
      absl::StrCat("tests=\"", results.size(), "\" failures=\"", Count(results, Failed),
                   "\" errors=\"", Count(results, Unreadable), "\"");
  std::string out = absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ", counts,
                                 ">\n  <testsuite name=\"hotplug-fuzz\" ", counts, ">\n");
  for (const Result& r : results) out += JunitCase(r);
  return out + "  </testsuite>\n</testsuites>\n";
}

std::string SarifRule(absl::string_view id, absl::string_view sentence) {
  return absl::StrCat("        {\"id\": ", Json(id),
                      ", \"shortDescription\": {\"text\": ", Json(sentence), "}}");
}

std::string SarifRules() {
  std::vector<std::string> rules;
  rules.reserve(invariants::kNrInvariants + 1);
  for (uint32_t i = 0; i < invariants::kNrInvariants; ++i) {
    rules.push_back(
        SarifRule(invariants::kInvariants[i].name, invariants::kInvariants[i].sentence));
  }
  rules.push_back(SarifRule(kLimit, kLimitSentence));
  return absl::StrJoin(rules, ",\n");
}

std::string SarifLocation(const Result& r) {
  return absl::StrCat("\"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ",
                      Json(Uri(r.file)), "}, \"region\": {\"startLine\": 1}}}]");
}

std::string SarifResult(const Result& r) {
  const char* id =
      r.rule < invariants::kNrInvariants ? invariants::kInvariants[r.rule].name : kLimit;
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

std::string Sarif(const std::vector<Result>& results) {
  std::vector<std::string> failed;
  std::vector<std::string> unreadable;
  for (const Result& r : results) {
    if (Failed(r)) failed.push_back(SarifResult(r));
    if (Unreadable(r)) unreadable.push_back(SarifNotification(r));
  }
  return absl::StrCat(
      "{\n  \"version\": \"2.1.0\",\n  \"runs\": [{\n    \"tool\": {\"driver\": {\n      \"name\": "
      "\"hotplug-fuzz\",\n      \"rules\": [\n",
      SarifRules(), "\n      ]\n    }},\n    \"invocations\": [{\n      \"executionSuccessful\": ",
      unreadable.empty() ? "true" : "false", ",\n      \"toolExecutionNotifications\": [\n",
      absl::StrJoin(unreadable, ",\n"), "\n      ]\n    }],\n    \"results\": [\n",
      absl::StrJoin(failed, ",\n"), "\n    ]\n  }]\n}\n");
}

}  // namespace

ExitCode ReportFiles(const Args& files) {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "junit" && format != "sarif") {
    return Complain(absl::StrCat("--format=", format, ": there are only junit, sarif"));
  }
  std::vector<Result> results;
  ExitCode worst = kAllWell;
  for (const std::string& file : files) {
    results.push_back(RunFile(file));
    worst = Worse(worst, results.back().code);
  }
  if (absl::GetFlag(FLAGS_distinct)) results = Distinct(results);
  std::fputs((format == "junit" ? Junit(results) : Sarif(results)).c_str(), stdout);
  return worst;
}

}  // namespace hotplug::cli
