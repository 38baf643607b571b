// SPDX-License-Identifier: GPL-2.0-or-later
//
// `hotplug-fuzz report`. Method: what it writes is read again by two readers that take nothing
// but well-formed XML and JSON, and compared with what `run` and `explain` say of the same files;
// names of files with every byte that a name may have.
#include <cstdlib>
#include <map>
#include <vector>

#include "model/scenario/echo.h"
#include "regress/unit/catch.h"
#include "regress/unit/cli.h"

namespace hotplug {
namespace {

constexpr char kI1[] = "I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE";

// Every byte but '/' and 0, in three parts: a name has 255 bytes at most.
std::string Bytes(int first, int last) {
  std::string bytes;
  for (int c = first; c <= last; ++c) {
    if (c != 0 && c != '/') bytes += static_cast<char>(c);
  }
  return bytes;
}

std::string Quoted(const std::string& name) {
  std::string out = "'";
  for (const char c : name) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
  } else {
    *out += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
             static_cast<char>(0x80 | (code & 63))};
  }
}

// A text that is read from its head to its end. The first thing that is wrong throws, with where.
struct Malformed {
  std::string what;
};

class Text {
 public:
  explicit Text(const std::string& text) : text_(text) {}

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char Next() {
    if (at_ == text_.size()) Fail("more");
    return text_[at_++];
  }
  bool Skip(const std::string& part) {
    if (text_.compare(at_, part.size(), part) != 0) return false;
    at_ += part.size();
    return true;
  }
  void Want(const std::string& part) {
    if (!Skip(part)) Fail(part);
  }
  void Space() {
    while (Peek() == ' ' || Peek() == '\n') Next();
  }
  bool End() const { return at_ == text_.size(); }
  [[noreturn]] void Fail(const std::string& want) const {
    throw Malformed{"byte " + std::to_string(at_) + ": no " + want + ": " + text_.substr(at_, 40)};
  }
  // One character of UTF-8 as it is: of the three forms that reports have.
  std::string Character() {
    const auto head = static_cast<unsigned char>(Next());
    if (head >= 0xf0 || (head >= 0x80 && head < 0xc2)) Fail("UTF-8");
    std::string out(1, static_cast<char>(head));
    for (int left = head >= 0xe0 ? 2 : head >= 0xc2 ? 1 : 0; left > 0; --left) {
      if ((static_cast<unsigned char>(Peek()) & 0xc0) != 0x80) Fail("UTF-8");
      out += Next();
    }
    return out;
  }

 private:
  const std::string& text_;
  size_t at_ = 0;
};

// ---- JSON: the scalars by their paths, as in "runs.0.results.0.ruleId" ----

using Json = std::map<std::string, std::string>;

class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : text_(text) {
    Value("");
    text_.Space();
    if (!text_.End()) text_.Fail("end");
  }
  const Json& scalars() const { return scalars_; }

 private:
  void Value(const std::string& path) {
    text_.Space();
    if (text_.Skip("{")) {
      Members(path, '}');
    } else if (text_.Skip("[")) {
      Members(path, ']');
    } else {
      scalars_[path.substr(1)] = Scalar();
    }
  }
  void Members(const std::string& path, char end) {
    text_.Space();
    if (text_.Skip(std::string(1, end))) return;
    for (int i = 0;; ++i) {
      text_.Space();
      std::string inner = path + ".";
      if (end == '}') {
        inner += String();
        text_.Want(":");
      } else {
        inner += std::to_string(i);
      }
      Value(inner);
      text_.Space();
      if (text_.Skip(std::string(1, end))) return;
      text_.Want(",");
    }
  }
  std::string Scalar() {
    for (const char* word : {"true", "false"}) {
      if (text_.Skip(word)) return word;
    }
    if (text_.Peek() == '"') return String();
    std::string digits;
    while (text_.Peek() >= '0' && text_.Peek() <= '9') digits += text_.Next();
    if (digits.empty()) text_.Fail("value");
    return digits;
  }
  std::string String() {
    text_.Want("\"");
    std::string out;
    while (!text_.Skip("\"")) {
      if (static_cast<unsigned char>(text_.Peek()) < 0x20) text_.Fail("character");
      out += text_.Skip("\\") ? Escape() : text_.Character();
    }
    return out;
  }
  std::string Escape() {
    if (text_.Skip("n")) return "\n";
    if (text_.Skip("\"")) return "\"";
    if (text_.Skip("\\")) return "\\";
    text_.Want("u");
    std::string digits;
    for (int i = 0; i < 4; ++i) digits += text_.Next();
    std::string out;
    AppendUtf8(static_cast<uint32_t>(std::strtoul(digits.c_str(), nullptr, 16)), &out);
    return out;
  }

  Text text_;
  Json scalars_;
};

// ---- XML: the elements in the order of their start ----

struct Element {
  std::string name;
  size_t depth;
  std::map<std::string, std::string> attributes;
  std::string text;
};

class XmlReader {
 public:
  explicit XmlReader(const std::string& text) : text_(text) {
    text_.Want("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    Start();
    while (!open_.empty()) Content();
    text_.Want("\n");
    if (!text_.End()) text_.Fail("end");
  }
  const std::vector<Element>& elements() const { return elements_; }
  std::vector<Element> Named(const std::string& name) const {
    std::vector<Element> out;
    for (const Element& e : elements_) {
      if (e.name == name) out.push_back(e);
    }
    return out;
  }

 private:
  std::string Name() {
    std::string name;
    while (text_.Peek() >= 'a' && text_.Peek() <= 'z') name += text_.Next();
    if (name.empty()) text_.Fail("name");
    return name;
  }
  void Start() {
    text_.Want("<");
    Element e{Name(), open_.size(), {}, ""};
    while (text_.Skip(" ")) {
      const std::string name = Name();
      text_.Want("=\"");
      std::string value;
      while (!text_.Skip("\"")) value += Character();
      if (!e.attributes.emplace(name, value).second) text_.Fail("new attribute");
    }
    elements_.push_back(e);
    if (text_.Skip("/>")) return;
    text_.Want(">");
    open_.push_back(elements_.size() - 1);
  }
  void Content() {
    Element& e = elements_[open_.back()];
    if (text_.Skip("</")) {
      text_.Want(e.name + ">");
      open_.pop_back();
    } else if (text_.Peek() == '<') {
      Start();
    } else {
      e.text += Character();
    }
  }
  std::string Character() {
    if (text_.Skip("&")) return Entity();
    const char c = text_.Peek();
    if (c == '<' || (static_cast<unsigned char>(c) < 0x20 && c != '\n')) text_.Fail("character");
    const std::string character = text_.Character();
    if (character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf") text_.Fail("character");
    return character;
  }
  std::string Entity() {
    const std::pair<const char*, const char*> entities[] = {
        {"amp;", "&"}, {"lt;", "<"},   {"gt;", ">"},  {"quot;", "\""},
        {"#9;", "\t"}, {"#10;", "\n"}, {"#13;", "\r"}};
    for (const auto& [name, meaning] : entities) {
      if (text_.Skip(name)) return meaning;
    }
    text_.Fail("entity");
  }

  Text text_;
  std::vector<Element> elements_;
  std::vector<size_t> open_;
};

template <typename Reader>
Reader Read(const std::string& text) {
  try {
    return Reader(text);
  } catch (const Malformed& m) {
    FAIL(m.what);
    throw;
  }
}

// One that is well, one that is stuck, and two that fail in the same way.
class Files : public Cli {
 public:
  Files() {
    Write("again.scn", kFails);
    Write("stuck.scn", Top("regress/crashes/isolation-undone.scn"));
  }
  static std::string Top(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

TEST_CASE("what report refuses", "[cireport]") {
  const Cli cli;
  CHECK(cli("report --format=junit").code == 2);
  CHECK(cli("report empty").out == "--format=: there are only junit, sarif\n");
  const Result wrong = cli("report --format=html empty");
  CHECK(wrong.code == 2);
  CHECK(wrong.out == "--format=html: there are only junit, sarif\n");
}

TEST_CASE("report exits as run does", "[cireport]") {
  const Files cli;
  for (const char* files : {"empty", "fails.scn", "stuck.scn", "fails.scn stuck.scn empty",
                            "fails.scn none", "none empty"}) {
    INFO(files);
    const int code = cli(std::string("run ") + files).code;
    CHECK(cli(std::string("report --format=junit ") + files).code == code);
    CHECK(cli(std::string("report --format=sarif ") + files).code == code);
  }
}

TEST_CASE("a test case for each file in JUnit's XML", "[cireport]") {
  const Files cli;
  const Result r = cli("report --format=junit fails.scn empty none again.scn", "2>/dev/null");
  const auto xml = Read<XmlReader>(r.out);
  for (const char* name : {"testsuites", "testsuite"}) {
    REQUIRE(xml.Named(name).size() == 1);
    auto counts = xml.Named(name)[0].attributes;
    CHECK(counts["tests"] == "4");
    CHECK(counts["failures"] == "2");
    CHECK(counts["errors"] == "1");
  }
  const std::vector<Element> cases = xml.Named("testcase");
  REQUIRE(cases.size() == 4);
  CHECK(cases[0].attributes.at("name") == "fails.scn");
  CHECK(cases[0].attributes.at("classname") == "rfc_v1");
  CHECK(cases[1].attributes.at("name") == "empty");

  const std::vector<Element> failures = xml.Named("failure");
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].attributes.at("type") == kI1);
  CHECK(failures[0].attributes.at("message") ==
        "the count of an owned page is what its owner may hold plus transient references; "
        "count: expected 1 (1 of the owner, 0 transient), found 2");
  CHECK(failures[0].text == cli("explain fails.scn").out);
  REQUIRE(xml.Named("error").size() == 1);
  CHECK(xml.Named("error")[0].attributes.at("message") == "none: No such file or directory");
}

TEST_CASE("a result for each failure in SARIF", "[cireport]") {
  const Files cli;
  const Result r = cli("report --format=sarif fails.scn empty again.scn stuck.scn");
  Json json = Read<JsonReader>(r.out).scalars();
  CHECK(json["version"] == "2.1.0");
  CHECK(json["runs.0.tool.driver.name"] == "hotplug-fuzz");
  CHECK(json["runs.0.invocations.0.executionSuccessful"] == "true");
  const char* files[] = {"fails.scn", "again.scn", "stuck.scn"};
  for (size_t i = 0; i < std::size(files); ++i) {
    const std::string result = "runs.0.results." + std::to_string(i) + ".";
    const std::string explained = cli(std::string("explain ") + files[i]).out;
    INFO(explained);
    CHECK(json[result + "locations.0.physicalLocation.artifactLocation.uri"] == files[i]);
    CHECK(Has(explained,
              "DEDUP_TOKEN: " + json[result + "partialFingerprints.dedupToken/v1"] + "\n"));
    CHECK(Has(explained, "=== VIOLATION " + json[result + "ruleId"] + " "));
    CHECK(Has(json[result + "message.text"], "\n\n" + explained));
    const std::string rule = "runs.0.tool.driver.rules." + json[result + "ruleIndex"] + ".";
    CHECK(json[rule + "id"] == json[result + "ruleId"]);
    CHECK(Begins(json[result + "message.text"], json[rule + "shortDescription.text"]));
  }
  CHECK(json.count("runs.0.results.3.ruleId") == 0);
}

TEST_CASE("of the files with one token the smallest is enough", "[cireport]") {
  const Files cli;
  cli.Write("large.scn", kFails + std::string("# and more\n") + std::string(1000, '\n'));
  const std::string files = "large.scn fails.scn stuck.scn again.scn large.scn empty none";
  const Result r = cli("report --format=junit --distinct " + files, "2>/dev/null");
  CHECK(r.code == 2);
  std::vector<std::string> names;
  for (const Element& e : Read<XmlReader>(r.out).Named("testcase")) {
    names.push_back(e.attributes.at("name"));
  }
  CHECK(names == std::vector<std::string>{"fails.scn", "stuck.scn", "empty", "none"});
}

TEST_CASE("the rules of SARIF are the invariants, and the step limit", "[cireport]") {
  const Cli cli;
  Json json = Read<JsonReader>(cli("report --format=sarif empty").out).scalars();
  std::string rules;
  for (int i = 0;; ++i) {
    const std::string rule = "runs.0.tool.driver.rules." + std::to_string(i) + ".";
    if (json.count(rule + "id") == 0) break;
    rules += json[rule + "id"] + "\t" + json[rule + "shortDescription.text"] + "\n";
  }
  CHECK(rules == cli("list invariants").out +
                     "limit\tthe run ends within the step limit\n"
                     "not-simulated\tall that the run comes to is simulated\n");
}

TEST_CASE("the step limit is a failure too", "[cireport]") {
  const Cli cli;
  std::string scenario =
      "scenario 1\n"
      "driver rfc_v1\n"
      "machine kernel=rfc debug_vm=off auto_online=off pages_per_block=64 pageblock_pages=1 "
      "max_order=0\n"
      "memory 4-20 node=0 zone=Normal\n"
      "task memtrace-1\n";
  for (int i = 0; i < 20; ++i) {
    scenario += "  write memtrace/enable 0x10000000\n  write memtrace/enable 0\n";
  }
  cli.Write("long.scn", scenario);
  const Result junit = cli("report --format=junit long.scn");
  CHECK(junit.code == 3);
  const std::vector<Element> failures = Read<XmlReader>(junit.out).Named("failure");
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].attributes.at("type") == "limit");
  CHECK(failures[0].text == cli("explain long.scn").out);

  Json json = Read<JsonReader>(cli("report --format=sarif long.scn").out).scalars();
  CHECK(json["runs.0.results.0.ruleId"] == "limit");
  CHECK(json["runs.0.tool.driver.rules." + json["runs.0.results.0.ruleIndex"] + ".id"] == "limit");
}

TEST_CASE("a file that cannot be read is an error of the run in SARIF", "[cireport]") {
  const Cli cli;
  Json json = Read<JsonReader>(cli("report --format=sarif none", "2>/dev/null").out).scalars();
  const std::string run = "runs.0.invocations.0.";
  CHECK(json[run + "executionSuccessful"] == "false");
  CHECK(json[run + "toolExecutionNotifications.0.message.text"] ==
        "none: No such file or directory");
}

TEST_CASE("names of any bytes are escaped", "[cireport]") {
  const Cli cli;
  const std::string plain = Bytes(' ', '~');
  struct Row {
    std::string name;
    std::string xml;
  };
  const Row rows[] = {
      {plain, plain},
      {"\t\n\r", "\\x09\\x0a\\x0d"},
      {"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
      {"\xc2\x9b", "\\xc2\\x9b"},  // ESC [ in one character
      {"\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
      {"a\xe2\x82", "a\\xe2\\x82"},                           // broken off
      {"\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf"},  // longer than need be
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                    // a surrogate
      {"\xef\xbf\xbf", "\xef\xbf\xbd"},                       // no character of XML
  };
  for (const Row& row : rows) {
    INFO(row.name);
    cli.Write(row.name, kFails);
    const std::string arg = "-- " + Quoted(row.name);
    const auto xml = Read<XmlReader>(cli("report --format=junit " + arg).out);
    REQUIRE(xml.Named("testcase").size() == 1);
    CHECK(xml.Named("testcase")[0].attributes.at("name") == row.xml);
    // A name that is no file comes back in a message.
    const std::string missing = cli("report --format=sarif " + arg + "X", "2>/dev/null").out;
    CHECK(Read<JsonReader>(missing).scalars().at(
              "runs.0.invocations.0.toolExecutionNotifications.0.message.text") ==
          EchoName(row.name + "X") + ": No such file or directory");
  }
  for (const std::string& name : {Bytes(1, 127), Bytes(128, 255)}) {
    cli.Write(name, kFails);
    Read<XmlReader>(cli("report --format=junit " + Quoted(name)).out);
    Read<JsonReader>(cli("report --format=sarif " + Quoted(name)).out);
  }
}

TEST_CASE("locations are references as URIs have them", "[cireport]") {
  const Cli cli;
  const auto uri = [&cli](const std::string& name) {
    cli.Write(name, kFails);
    return Read<JsonReader>(cli("report --format=sarif " + Quoted(name)).out)
        .scalars()
        .at("runs.0.results.0.locations.0.physicalLocation.artifactLocation.uri");
  };
  CHECK(uri("crash-0a_B~.scn") == "crash-0a_B~.scn");
  CHECK(uri("a:b c%\xff#?") == "a%3Ab%20c%25%FF%23%3F");
  const std::string here = cli.folder().string() + "/x";
  CHECK(uri(here) == "file://" + here);
}

}  // namespace
}  // namespace hotplug
