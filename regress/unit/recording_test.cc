// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recordings of real kernels: read, printed, made and changed. Method: the law
// Print(Parse(x)) == x on every recording of regress/real-kernel-traces; a line of every kind,
// with what its fields mean; for every rule a text that breaks it, with the exact message; and
// for every change what it must do and what it must leave alone.
#include "fuzz/fidelity/recording/recording.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fuzz/fidelity/recording/change.h"
#include "model/mm/types.h"
#include "regress/unit/catch.h"
#include "regress/unit/death.h"

namespace hotplug::recording {
namespace {

namespace fs = std::filesystem;

// ---- Texts ------------------------------------------------------------------------------

// What a PAGES line says behind its block.
#define NO_PAGES                                                          \
  " online_section=0 zone=- ref0=32768 ref1=0 ref2=0 refmore=0 refneg=0 " \
  "PageOffline=0(ref0=0,ref1=0,ref2=0) buddy_pages=0 reserved=0 lru=0 "   \
  "pageblocks(unmov=0,mov=0,recl=0,highatomic=0,isolate=0)"

constexpr char kMachine[] =
    "MACHINE kernel=6.1 page_size=4096 block_pages=32768 section_pages=32768 pageblock_pages=512 "
    "max_order=10 boot_blocks=0-7 dimm_blocks=32-35 nodes=1 dimm_node=0 auto_online=offline "
    "debug_vm=0 config_bug=1";

// A small recording. Line numbers below count from here.
constexpr char kSmall[] =
    "# recording small\n"                                 // 1
    "# kernel Linux 6.1\n"                                // 2
    "MACHINE\n"                                           // 3
    "LAYOUT\n"                                            // 4
    "STATE 1=online(DMA32) 32=offline(Normal,Movable)\n"  // 5
    "CHAIN 0 prio=100 ksm_memory_callback\n"              // 6
    "ZONE at=layout node=0 zone=Normal start_pfn=0x0 spanned=0 present=0 managed=0 free=0 "
    "nr_isolate_pageblock=0\n"  // 7
    "PAGES at=layout block=1" NO_PAGES
    "\n"  // 8
    "PAGES at=layout block=32" NO_PAGES
    "\n"                                                                           // 9
    "LAYOUT_END\n"                                                                 // 10
    "SCENARIO one\n"                                                               // 11
    "REQ p1 block=32 file=state value='online' alarm=100\n"                        // 12
    "EV p1 A prio=-10 GOING_ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK\n"  // 13
    "RET p1 block=32 file=state value='online' => 6\n"                             // 14
    "CALL p2 oarm 32 1 alarm=100\n"                                                // 15
    "UEVENT offline@/devices/system/memory/memory32\n"                             // 16
    "CTL oarm 32 1 => OK\n"                                                        // 17
    "SCENARIO_END\n"                                                               // 18
    "END\n";                                                                       // 19

std::string Small() { return absl::StrReplaceAll(kSmall, {{"MACHINE", kMachine}}); }

// The small recording with other text in place of a line; "" leaves it out.
std::string WithLine(size_t number, const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(Small(), '\n');
  lines[number - 1] = text;
  if (text.empty()) lines.erase(lines.begin() + static_cast<ptrdiff_t>(number) - 1);
  return absl::StrJoin(lines, "\n");
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Path and text of every recording.
const std::map<std::string, std::string>& Recordings() {
  static const auto* const recordings = [] {
    auto* all = new std::map<std::string, std::string>;
    for (const fs::directory_entry& e :
         fs::recursive_directory_iterator("regress/real-kernel-traces")) {
      if (e.path().extension() == ".tr") (*all)[e.path().string()] = ReadFile(e.path());
    }
    return all;
  }();
  return *recordings;
}

File Read(const std::string& text, const std::string& path) {
  absl::StatusOr<File> file = Parse(text, path);
  INFO(file.status().message());
  REQUIRE(file.ok());
  return *std::move(file);
}

Line ReadLine(const std::string& text) {
  absl::StatusOr<Line> line = ParseLine(text, "f.tr", 1);
  INFO(line.status().message());
  REQUIRE(line.ok());
  return *std::move(line);
}

// ---- Reading and printing ---------------------------------------------------------------

TEST_CASE("a recording is printed as it was read", "[recording]") {
  REQUIRE(Recordings().size() >= 58);
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    CHECK((Print(Read(text, path)) == text));
  }
  CHECK(Print(Read(Small(), "small.tr")) == Small());
}

TEST_CASE("a recording keeps its name, its kernel and the numbers of its lines", "[recording]") {
  const File file = Read(Small(), "small.tr");
  CHECK(file.name == "small");
  CHECK(file.kernel == "Linux 6.1");
  REQUIRE(file.lines.size() == 17);
  CHECK(file.lines.front().kind == Kind::kMachine);
  CHECK(file.lines.front().number == 3);
  CHECK(file.lines.back().kind == Kind::kEnd);
  CHECK(file.lines.back().number == 19);
}

struct Sample {
  Kind kind;
  std::string text;
};

// Every kind, with and without what may be missing.
const std::vector<Sample>& Samples() {
  static const std::vector<Sample> samples = {
      {Kind::kMachine, kMachine},
      {Kind::kMachine, "MACHINE smt=off kernel=5.9.1 reserved=0x3fe00000-0x3fffffff"},
      {Kind::kMachine, "MACHINE kernel=rfc page_size=67108864 dimm_blocks=none"},
      {Kind::kMachine, "MACHINE kernel=5.11.22"},
      {Kind::kLayout, "LAYOUT"},
      {Kind::kLayoutEnd, "LAYOUT_END"},
      {Kind::kScenario, "SCENARIO 01_plain"},
      {Kind::kScenario, "SCENARIO 01_plain  block=2, two blanks"},
      {Kind::kScenarioEnd, "SCENARIO_END"},
      {Kind::kEnd, "END"},
      {Kind::kEndIncomplete, "END_INCOMPLETE"},
      {Kind::kReq, "REQ p5 block=2 file=online value='0'"},
      {Kind::kReq, "REQ p5 block=2 file=state value='offline' alarm=4000"},
      {Kind::kReq, "REQ p5 block=2 file=state value='' SA_RESTART"},
      {Kind::kReq, "REQ p5 block=2 file=state value=\"don't\" alarm=1 SA_RESTART"},
      {Kind::kReqFailed, "REQ block=99 file=state value='a b' => open: -ENOENT"},
      {Kind::kRet, "RET p5 block=2 file=state value='it\\'s' => 7"},
      {Kind::kRet, "RET p5 block=2 file=state value='offline' => -4095 (signal 10 was delivered)"},
      {Kind::kSig, "SIG p5 14"},
      {Kind::kDied, "DIED p5 9"},
      {Kind::kWr, "WR /sys/devices/system/memory/auto_online_blocks <- 'Online' => -EINVAL"},
      {Kind::kWr, "WR /sys/devices/system/memory/auto_online_blocks <- 'online' => 6"},
      {Kind::kRd, "RD /sys/kernel/x/error = '-16'"},
      {Kind::kRd, "RD /sys/kernel/x/error = 'it's' errno=EIO"},
      {Kind::kInsmod, "INSMOD memory-notifier-error-inject"},
      {Kind::kInsmod, "INSMOD memory-notifier-error-inject priority=500 x=1"},
      {Kind::kEat, "EAT p5 populated 300 MiB"},
      {Kind::kEatCheck, "EAT p5 check: 0 bad pages of 76800"},
      {Kind::kEv, "EV p1 H prio=1000 ONLINE block=34 pfn=0x110000 nr=32768 => NOTIFY_OK"},
      {Kind::kEv,
       "EV p1 H prio=-2147483648 GOING_ONLINE block=34 pfn=0x110000 nr=32768 status_change_nid=1 "
       "status_change_nid_normal=-1 => 0x12 (errno -EEXIST)"},
      {Kind::kEv,
       "EV p1 RFC prio=0 CANCEL_OFFLINE block=34 pfn=0x110200 nr=32256 going_offline_before=1 => "
       "0x8001 (errno OK, stops the chain)"},
      {Kind::kSleep, "SLEEP H GOING_OFFLINE 1500"},
      {Kind::kWake, "WAKE H"},
      {Kind::kState, "STATE 4=absent(-)"},
      {Kind::kState,
       "STATE 0=online(none) 1=online(DMA32) 2=going-offline(DMA32,Movable) 3=offline(ERR_EIO)"},
      {Kind::kChain, "CHAIN 3 prio=-5 memtrace_memory_notifier_cb"},
      {Kind::kPages, "PAGES at=before block=1" NO_PAGES},
      {Kind::kPagesNovalid, "PAGES at=end block=36 novalid"},
      {Kind::kPagesPoisoned, "PAGES at=end block=32 poisoned_struct_pages=32768"},
      {Kind::kZone,
       "ZONE at=now node=1 zone=Movable start_pfn=0x20000 spanned=131040 present=131040 "
       "managed=104687 free=103759 nr_isolate_pageblock=64"},
      {Kind::kZoneTotal, "ZONE at=now totalram=224188"},
      {Kind::kUevent, "UEVENT online@/devices/system/memory/memory34"},
      {Kind::kMtAlloc,
       "MT alloc_contig_pages(2 blocks) -> base_pfn=0x10000 blocks 2..3 zone=DMA32"},
      {Kind::kMtOffline, "MT offline_and_remove_memory(block 3) = -16"},
      {Kind::kMtDone, "MT run: all removed, base_pfn=0x10000"},
      {Kind::kMtAdd, "MT memtrace_free_node: add_memory = 0"},
      {Kind::kMtOnline, "MT device_online(block 2) = 1"},
      {Kind::kMtFree, "MT free_contig_range(0x10000, 65536)"},
      {Kind::kMtForgotten, "MT block 32 cannot be freed: forgotten"},
      {Kind::kGrab, "GRAB page pfn=0x108000 block=33 zone=Movable refcount=1"},
      {Kind::kUngrab, "UNGRAB page pfn=0x108000 block=33"},
      {Kind::kHold, "HOLD page pfn=0xfc00 block=1 zone=DMA32 refcount=1 tries=93915"},
      {Kind::kPin, "PIN lru page pfn=0x20000 block=4 refcount=3 mapcount=-1 anon=0"},
      {Kind::kKpf,
       "KPF block=2 kpageflags_read=262144 NOPAGE=0 OFFLINE=1 BUDDY=2 RESERVED=3 LRU=4 "
       "kpagecount(read=262144 mapped0=5 mapped1=6 mappedmore=7)"},
      {Kind::kFnEnter, "FN enter online_pages(0x108000,0x8000) p38"},
      {Kind::kFnEnter, "FN enter memory_subsys_offline p38"},
      {Kind::kFnRet, "FN ret memory_notify = -16 p38 ..."},
      {Kind::kFnRet, "FN ret zone_pcp_disable p38"},
      {Kind::kFnCount, "FNCOUNT memory_notify = 2"},
      {Kind::kKern, "KERN Offlined Pages 32768"},
      {Kind::kInfo, "INFO A=2 B=3"},
      {Kind::kInfo, "INFO "},
      {Kind::kNote, "NOTE 34 is nacked\tnow"},
      {Kind::kCall, "CALL p7 mtrun rfc alarm=4000"},
      {Kind::kCall, "CALL p7 unreg A"},
      {Kind::kCtl, "CTL reg A -10 => -EEXIST"},
      {Kind::kCtl, "CTL unreg A => -ENOENT"},
      {Kind::kCtl, "CTL unregall => OK"},
      {Kind::kCtl, "CTL nack A GOING_OFFLINE 16 => OK"},
      {Kind::kCtl, "CTL nack A GOING_OFFLINE 4095 -1 => OK"},
      {Kind::kCtl, "CTL nack A GOING_OFFLINE 16 32 2 => OK"},
      {Kind::kCtl, "CTL raw A ONLINE 0x8011 => OK"},
      {Kind::kCtl, "CTL raw A ONLINE -16 -1 1 => OK"},
      {Kind::kCtl, "CTL sleep A OFFLINE 1500 => OK"},
      {Kind::kCtl, "CTL sleep A OFFLINE 1500 3 => OK"},
      {Kind::kCtl, "CTL pagesat A OFFLINE => OK"},
      {Kind::kCtl, "CTL zonesat A OFFLINE => OK"},
      {Kind::kCtl, "CTL clear A => -EINVAL"},
      {Kind::kCtl, "CTL mtalloc 2 => -ENOMEM"},
      {Kind::kCtl, "CTL mtalloc 1 rfc => OK"},
      {Kind::kCtl, "CTL mtreg fixed 10 => OK"},
      {Kind::kCtl, "CTL mtunreg => OK"},
      {Kind::kCtl, "CTL mtrun fixed => -EPERM"},
      {Kind::kCtl, "CTL mtfree => OK"},
      {Kind::kCtl, "CTL mtfree 3 1 => OK"},
      {Kind::kCtl, "CTL mtfreeok => OK"},
      {Kind::kCtl, "CTL mtforget => OK"},
      {Kind::kCtl, "CTL oarm 32 => OK"},
      {Kind::kCtl, "CTL oarm 32 3 => OK"},
      {Kind::kCtl, "CTL rm 32 => -EBUSY"},
      {Kind::kCtl, "CTL add 32 => OK"},
      {Kind::kCtl, "CTL addmm 32 => OK"},
      {Kind::kCtl, "CTL hold 1 kernel => OK"},
      {Kind::kCtl, "CTL unhold => OK"},
      {Kind::kCtl, "CTL pinlru 4 => OK"},
      {Kind::kCtl, "CTL unpin => OK"},
      {Kind::kCtl, "CTL grab 2 => -ENODEV"},
      {Kind::kCtl, "CTL grab 2 511 => OK"},
      {Kind::kCtl, "CTL ungrab => OK"},
      {Kind::kCtl, "CTL ungrab 2 => OK"},
  };
  return samples;
}

TEST_CASE("a line of every kind is printed as it was read", "[recording]") {
  std::set<Kind> kinds;
  for (const Sample& sample : Samples()) {
    INFO(sample.text);
    const Line line = ReadLine(sample.text);
    CHECK(line.kind == sample.kind);
    CHECK(line.number == 1);
    CHECK(Print(line) == sample.text);
    CHECK(sample.text.starts_with(KindName(line.kind)));
    for (const Field& field : line.fields) {
      CHECK(sample.text.substr(field.column - 1, field.text.size()) == field.text);
    }
    kinds.insert(line.kind);
  }
  CHECK(kinds.size() == static_cast<size_t>(Kind::kNote) + 1);
}

// The fields of a line as "name=text:number", the number where it is not zero.
std::string Fields(const std::string& text) {
  const Line line = ReadLine(text);
  std::vector<std::string> fields;
  fields.reserve(line.fields.size());
  for (const Field& field : line.fields) {
    fields.push_back(absl::StrCat(field.name, "=", field.text));
    if (field.number != 0) absl::StrAppend(&fields.back(), ":", field.number);
  }
  return absl::StrJoin(fields, " ");
}

TEST_CASE("fields say what stands in the line and what it means", "[recording]") {
  CHECK(Fields("EV p1 RFC prio=-1 CANCEL_OFFLINE block=34 pfn=0x110200 nr=32256 "
               "going_offline_before=1 => 0xfffffff0 (errno OK, stops the chain)") ==
        "proc=p1:1 name=RFC prio=-1:-1 action=CANCEL_OFFLINE:32 block=34:34 pfn=0x110200:1114624 "
        "nr=32256:32256 going_offline_before=1:1 "
        "answer=0xfffffff0 (errno OK, stops the chain):4294967280");
  CHECK(Fields("STATE 4=absent(-) 32=offline(Normal,Movable)") ==
        "block=4:4 state=absent zones=- block=32:32 state=offline zones=Normal,Movable");
  CHECK(Fields("MACHINE smt=off kernel=6.1 max_order=10 dimm_blocks=32-35") ==
        "other=smt=off kernel=6.1 max_order=10:10 dimm_blocks=32-35:32");
  CHECK(Fields("RET p5 block=2 file=state value='x' => -4095 (signal 10 was delivered)") ==
        "proc=p5:5 block=2:2 file=state value='x' result=-4095:-4095 signal=10:10");
  CHECK(Fields("REQ p5 block=2 file=online value='0' SA_RESTART") ==
        "proc=p5:5 block=2:2 file=online value='0' sa_restart=SA_RESTART");
  CHECK(Fields("CALL p7 raw A ONLINE -16 -1 3") ==
        "proc=p7:7 cmd=raw name=A action=ONLINE:1 value=-16:4294967280 block=-1:-1 nth=3:3");
  CHECK(Fields("CTL mtreg rfc 60 => -EBUSY") == "cmd=mtreg mode=rfc prio=60:60 result=-EBUSY:-16");
  CHECK(Fields("FN ret memory_notify = 32785 p32 ...") ==
        "function=memory_notify result=32785:32785 proc=p32:32 more=...");
  CHECK(Fields("PAGES at=x block=1 online_section=1 zone=DMA ref0=2 ref1=3 ref2=4 refmore=5 "
               "refneg=6 PageOffline=7(ref0=8,ref1=9,ref2=10) buddy_pages=11 reserved=12 lru=13 "
               "pageblocks(unmov=14,mov=15,recl=16,highatomic=17,isolate=18)") ==
        "at=x block=1:1 online_section=1:1 zone=DMA ref0=2:2 ref1=3:3 ref2=4:4 refmore=5:5 "
        "refneg=6:6 PageOffline=7:7 PageOffline_ref0=8:8 PageOffline_ref1=9:9 "
        "PageOffline_ref2=10:10 buddy_pages=11:11 reserved=12:12 lru=13:13 unmov=14:14 mov=15:15 "
        "recl=16:16 highatomic=17:17 isolate=18:18");
}

TEST_CASE("fields are found by name", "[recording]") {
  Line line = ReadLine("RET p5 block=2 file=state value='x' => 7");
  CHECK(line.Number("block") == 2);
  CHECK(line.Number("signal", -1) == -1);
  CHECK(line.Text("file") == "state");
  CHECK(line.Text("signal").empty());
  CHECK(line.Has("result"));
  CHECK_FALSE(line.Has("res"));
  REQUIRE(line.Find("value") != nullptr);
  CHECK(line.Find("value")->type == Type::kValue);
  CHECK(line.Find("value")->column == 33);
  line.Find("value")->text = "'y'";
  CHECK(Print(line) == "RET p5 block=2 file=state value='y' => 7");
}

// ---- Values -----------------------------------------------------------------------------

TEST_CASE("errnos have the kernel's names", "[recording]") {
  CHECK(ErrnoText(0) == "OK");
  CHECK(ErrnoText(7) == "7");
  CHECK(ErrnoText(-EPERM) == "-EPERM");
  CHECK(ErrnoText(-ERANGE) == "-ERANGE");
  CHECK(ErrnoText(-EDEADLK) == "-EDEADLK");
  CHECK(ErrnoText(-ELOOP) == "-ELOOP");
  CHECK(ErrnoText(-41) == "-41");
  CHECK(ErrnoText(-ENOMSG) == "-ENOMSG");
  CHECK(ErrnoText(-EBFONT) == "-EBFONT");
  CHECK(ErrnoText(-EOPNOTSUPP) == "-EOPNOTSUPP");
  CHECK(ErrnoText(-ETIMEDOUT) == "-ETIMEDOUT");
  CHECK(ErrnoText(-EHWPOISON) == "-EHWPOISON");
  CHECK(ErrnoText(-134) == "-134");
  CHECK(ErrnoText(-4095) == "-4095");
  for (int64_t error = 0; error <= 140; ++error) {
    const std::string text = ErrnoText(-error);
    CHECK(ReadLine("CTL unhold => " + text).Number("result", 1) == -error);
  }
  CHECK(ReadLine("CTL unhold => -EDEADLOCK").Number("result") == -EDEADLK);
  CHECK(ReadLine("CTL unhold => -ENOTSUP").Number("result") == -EOPNOTSUPP);
}

TEST_CASE("answers, actions and numbers have one spelling", "[recording]") {
  CHECK(AnswerText(mm::NOTIFY_OK) == "NOTIFY_OK");
  CHECK(AnswerText(0) == "0x0 (errno OK)");
  CHECK(AnswerText(0x12) == "0x12 (errno -EEXIST)");
  CHECK(AnswerText(0x8011) == "0x8011 (errno -EBUSY, stops the chain)");
  CHECK(AnswerText(0x9000) == "0x9000 (errno -4095, stops the chain)");
  CHECK(AnswerText(0xfffffff0) == "0xfffffff0 (errno OK, stops the chain)");
  CHECK(HexText(0) == "0x0");
  CHECK(HexText(0x10abcdef0) == "0x10abcdef0");
  CHECK(HexText(UINT64_MAX) == "0xffffffffffffffff");
  CHECK(ActionOf("CANCEL_OFFLINE") == mm::MEM_CANCEL_OFFLINE);
  CHECK(ActionOf("MEM_ONLINE") == std::nullopt);
  for (uint32_t bit = 0; bit < 6; ++bit) CHECK(ActionOf(ActionName(1u << bit)) == 1u << bit);
}

TEST_CASE("values of recordings are spelled as the model spells them", "[recording]") {
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    bool same = true;
    for (const Line& line : Read(text, path).lines) {
      for (const Field& field : line.fields) {
        if (field.type == Type::kAnswer) {
          same &= AnswerText(static_cast<uint32_t>(field.number)) == field.text;
        } else if (field.type == Type::kErrno && field.number < 0) {
          same &= ErrnoText(field.number) == field.text;
        } else if (field.type == Type::kPfn) {
          same &= HexText(static_cast<uint64_t>(field.number)) == field.text;
        } else if (field.type == Type::kAction) {
          same &= ActionName(static_cast<uint32_t>(field.number)) == field.text;
        }
      }
    }
    CHECK(same);
  }
}

TEST_CASE("a value stands for a string, a range for blocks", "[recording]") {
  CHECK(Unquoted("'online'").compare("online") == 0);
  CHECK(Unquoted("''").empty());
  CHECK(Unquoted("\"don't\"") == "don't");
  CHECK(Unquoted(R"('a\'b\\\n\t\r\x41\x4g')") == "a'b\\\n\t\rAx4g");
  CHECK(Unquoted(R"('\x41')") == "A");
  CHECK(Unquoted(R"('\x4')") == "x4");
  REQUIRE(RangeOf("32-35").has_value());
  CHECK(RangeOf("32-35")->first == 32);
  CHECK(RangeOf("32-35")->last == 35);
  for (const char* text : {"", "-", "3", "3-", "-3", "3-x", "x-3", "3-4-5", "-3-5", "3 -4"}) {
    INFO(text);
    CHECK_FALSE(RangeOf(text).has_value());
  }
}

// ---- Making lines -----------------------------------------------------------------------

TEST_CASE("lines are made from their fields in any order", "[recording]") {
  for (const Sample& sample : Samples()) {
    INFO(sample.text);
    const Line line = ReadLine(sample.text);
    // The keys of MACHINE come in the order of the grammar.
    if (line.kind == Kind::kMachine) continue;
    std::vector<NamedText> fields;
    fields.reserve(line.fields.size());
    for (const Field& field : line.fields) fields.push_back({field.name, field.text});
    // Of fields that repeat the order matters.
    if (line.kind != Kind::kState) std::reverse(fields.begin(), fields.end());
    const Line made = Make(line.kind, fields);
    CHECK(Print(made) == sample.text);
    REQUIRE(made.fields.size() == line.fields.size());
    for (size_t i = 0; i < made.fields.size(); ++i) {
      CHECK(made.fields[i].number == line.fields[i].number);
      CHECK(made.fields[i].column == 0);
    }
  }
  CHECK(Print(Make(Kind::kWake, {{"name", "A"}})) == "WAKE A");
  CHECK(Print(Make(Kind::kMachine, {{"nodes", "2"}, {"kernel", "6.1"}, {"other", "smt=off"}})) ==
        "MACHINE kernel=6.1 nodes=2 smt=off");
}

// Whether it ends with a failed check.
bool Aborts(const std::function<void()>& f) { return !testing::DeathOf(f).empty(); }

TEST_CASE("a line that the grammar does not have cannot be made", "[recording]") {
  CHECK_FALSE(Aborts([] { Make(Kind::kSig, {{"proc", "p1"}, {"signal", "9"}}); }));
  CHECK(Aborts([] { Make(Kind::kSig, {{"proc", "p1"}}); }));
  CHECK(Aborts([] { Make(Kind::kSig, {{"proc", "1"}, {"signal", "9"}}); }));
  CHECK(Aborts([] { Make(Kind::kSig, {{"proc", "p1"}, {"signal", "9 "}}); }));
  CHECK(Aborts([] { Make(Kind::kSig, {{"proc", "p1"}, {"signal", "9"}, {"block", "1"}}); }));
  CHECK(Aborts([] { Make(Kind::kSig, {{"proc", "p1"}, {"signal", "9"}, {"signal", "9"}}); }));
  CHECK(Aborts([] { Make(Kind::kNote, {{"text", "one\nEND"}}); }));
  CHECK(Aborts([] { Make(Kind::kCtl, {{"cmd", "reg"}, {"block", "1"}, {"result", "OK"}}); }));
}

TEST_CASE("fields that are none of the line's cannot be printed", "[recording]") {
  Line line = ReadLine("WAKE A");
  line.fields.push_back(line.fields[0]);
  CHECK(Aborts([&] { Print(line); }));
  line.fields.clear();
  CHECK(Aborts([&] { Print(line); }));
}

// ---- Broken lines -----------------------------------------------------------------------

void CheckBrokenLine(const std::string& text, const std::string& message) {
  const absl::StatusOr<Line> line = ParseLine(text, "f.tr", 7);
  CHECK(line.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(line.status().message()) == "f.tr:7:" + message);
}

TEST_CASE("a line of no kind is told", "[recording]") {
  CheckBrokenLine("", "1: expected a kind of line, got an empty line");
  CheckBrokenLine("FOO bar", "1: expected a kind of line, got \"FOO\"");
  CheckBrokenLine(" END", "1: expected a kind of line, got \"\"");
  CheckBrokenLine("# more", "1: expected a kind of line, got \"#\"");
  CheckBrokenLine("END ", "4: expected end of line, got \" \"");
  CheckBrokenLine("END now", "5: expected end of line, got \"now\"");
  CheckBrokenLine("MT foo",
                  "4: expected \"alloc_contig_pages(\", \"offline_and_remove_memory(block\", "
                  "\"run:\", \"memtrace_free_node:\", \"device_online(block\", "
                  "\"free_contig_range(\" or \"block\", got \"foo\"");
}

TEST_CASE("what is missing or wrong in a line is told", "[recording]") {
  CheckBrokenLine("EV", "3: expected a process (p1, p2, ...), got end of line");
  CheckBrokenLine("SIG 5 14", "5: expected a process (p1, p2, ...), got \"5\"");
  CheckBrokenLine("SIG p5 x", "8: expected a signal from 1 to 64, got \"x\"");
  CheckBrokenLine("REQ p5 block=x file=state value='1'",
                  "14: expected a block number up to 1048576 after \"block=\", got \"x\"");
  CheckBrokenLine("REQ p5 block=1048577 file=state value='1'",
                  "14: expected a block number up to 1048576 after \"block=\", got \"1048577\"");
  CheckBrokenLine("REQ p5 block=1 fil=state value='1'",
                  "16: expected \"file=\", got \"fil=state\"");
  CheckBrokenLine("REQ p5 block=1 file=stat value='1'",
                  "21: expected state or online, got \"stat\"");
  CheckBrokenLine(
      "REQ p5 block=1 file=state value=1",
      "33: expected a string in quotes of up to 63 characters after \"value=\", got \"1\"");
  CheckBrokenLine(
      "REQ p5 block=1 file=state value='1",
      "33: expected a string in quotes of up to 63 characters after \"value=\", got \"'1\"");
  CheckBrokenLine("REQ p5 block=1 file=state value='1' alrm=5",
                  "37: expected \"alarm=\", SA_RESTART or end of line, got \"alrm=5\"");
  CheckBrokenLine("REQ p5 block=1 file=state value='1' alarm=x",
                  "43: expected a 32-bit number after \"alarm=\", got \"x\"");
  CheckBrokenLine("RET p5 block=1 file=state value='1' => -EFOO",
                  "40: expected a number or an errno (-EBUSY, -4095), got \"-EFOO\"");
  CheckBrokenLine("CTL unhold => 7", "15: expected OK or an errno (-EBUSY, -4095), got \"7\"");
}

TEST_CASE("a broken observation is told", "[recording]") {
  const std::string event = "EV p1 H prio=5 ONLINE block=34 pfn=0x110000 nr=32768";
  CheckBrokenLine("EV p1 H prio=5x ONLINE",
                  "14: expected a 32-bit number after \"prio=\", got \"5x\"");
  CheckBrokenLine("EV p1 H prio=5 MEM_ONLINE",
                  "16: expected an action (ONLINE, GOING_OFFLINE, OFFLINE, GOING_ONLINE, "
                  "CANCEL_ONLINE, CANCEL_OFFLINE), got \"MEM_ONLINE\"");
  CheckBrokenLine("EV p1 H prio=5 ONLINE block=34 pfn=110000 nr=32768 => NOTIFY_OK",
                  "36: expected a number with 0x below 0x80000000 after \"pfn=\", got \"110000\"");
  CheckBrokenLine(
      "EV p1 H prio=5 ONLINE block=34 pfn=0x11000G nr=32768 => NOTIFY_OK",
      "36: expected a number with 0x below 0x80000000 after \"pfn=\", got \"0x11000G\"");
  CheckBrokenLine(event + " -> NOTIFY_OK",
                  "54: expected \"status_change_nid=\", \"going_offline_before=\" or \"=>\", got "
                  "\"->\"");
  for (const char* answer : {"NOTIFY_BAD", "NOTIFY_OKAY", "0x8011", "0x8011 (errno -EBUSY",
                             "0x8011 (errno -16x)", "0x100000000 (errno OK)"}) {
    CheckBrokenLine(
        event + " => " + answer,
        absl::StrCat("57: expected NOTIFY_OK or 0x... (errno ...[, stops the chain]), "
                     "got \"",
                     std::string(answer).substr(0, std::string(answer).find(' ')), "\""));
  }
  CheckBrokenLine("STATE", "6: expected a block number up to 1048576, got end of line");
  CheckBrokenLine("STATE 1=online(DMA32) 2=on(DMA32)",
                  "25: expected online, offline, going-offline or absent, got \"on(DMA32)\"");
  CheckBrokenLine("STATE 1=online(DMA32,)",
                  "16: expected zones (Normal,Movable), none or - after \"(\", got \"DMA32,)\"");
  CheckBrokenLine("ZONE at=now node=0 zone=High",
                  "25: expected a zone (DMA, DMA32, Normal, "
                  "Movable, Device) after \"zone=\", got \"High\"");
  CheckBrokenLine("PAGES at=now block=1 online_section=2",
                  "37: expected 0 or 1 after \"online_section=\", got \"2\"");
  CheckBrokenLine(
      "PAGES at=now block=1 lost",
      "22: expected \"online_section=\", \"novalid\" or \"poisoned_struct_pages=\", got "
      "\"lost\"");
  CheckBrokenLine("KERN ", "6: expected a message, got end of line");
}

TEST_CASE("a broken command is told", "[recording]") {
  CheckBrokenLine("CTL regg A 5 => OK",
                  "5: expected reg, unreg, unregall, nack, raw, sleep, pagesat, zonesat, clear, "
                  "mtalloc, mtreg, mtunreg, mtrun, mtfree, mtfreeok, mtforget, oarm, rm, add, "
                  "addmm, hold, unhold, pinlru, unpin, grab or ungrab, got \"regg\"");
  CheckBrokenLine("CTL reg A => OK", "11: expected a 32-bit number, got \"=>\"");
  CheckBrokenLine("CTL mtreg maybe 0 => OK", "11: expected rfc or fixed, got \"maybe\"");
  CheckBrokenLine("CTL nack A ONLINE 16 x => OK",
                  "22: expected a block number up to 1048576 or -1 or \"=>\", got \"x\"");
  CheckBrokenLine("CTL raw A ONLINE 0x100000000 => OK",
                  "18: expected a 32-bit number, got \"0x100000000\"");
  CheckBrokenLine("CALL p1 oarm 3 1 alarm=",
                  "24: expected a 32-bit number after \"alarm=\", got end of line");
}

TEST_CASE("a broken MACHINE is told", "[recording]") {
  const std::string kernels = "a kernel (rfc, 5.9, 5.11 or 6.1, or one of these and .N)";
  CheckBrokenLine("MACHINE kernel=4.4",
                  "16: expected " + kernels + " after \"kernel=\", got \"4.4\"");
  CheckBrokenLine("MACHINE kernel=6.1.2x",
                  "16: expected " + kernels + " after \"kernel=\", got \"6.1.2x\"");
  CheckBrokenLine("MACHINE nodes=1 block_pages=1000",
                  "29: expected a power of two up to 32768 after \"block_pages=\", got \"1000\"");
  CheckBrokenLine("MACHINE max_order=21",
                  "19: expected a number from 0 to 12 after \"max_order=\", got \"21\"");
  CheckBrokenLine("MACHINE boot_blocks=7-0",
                  "21: expected blocks (a-b, both up to 1048576) after \"boot_blocks=\", got "
                  "\"7-0\"");
  CheckBrokenLine("MACHINE boot_blocks=none",
                  "21: expected blocks (a-b, both up to 1048576) after \"boot_blocks=\", got "
                  "\"none\"");
  CheckBrokenLine("MACHINE dimm_blocks=nonesuch",
                  "21: expected blocks (a-b, both up to 1048576) or none after \"dimm_blocks=\", "
                  "got \"nonesuch\"");
  CheckBrokenLine("MACHINE nodes=65",
                  "15: expected a number from 1 to 2 after \"nodes=\", got \"65\"");
  CheckBrokenLine("MACHINE debug_vm=2", "18: expected 0 or 1 after \"debug_vm=\", got \"2\"");
  CheckBrokenLine("MACHINE auto_online=on",
                  "21: expected offline, online, online_kernel or online_movable, got \"on\"");
}

TEST_CASE("bytes that are not text are told, and lines that are too long", "[recording]") {
  CheckBrokenLine(std::string("NOTE a\0b", 8), "7: expected ASCII text, got byte 0x0");
  CheckBrokenLine("NOTE a\r", "7: expected ASCII text, got byte 0xd");
  CheckBrokenLine("NOTE \xc3\xa9", "6: expected ASCII text, got byte 0xc3");
  CheckBrokenLine("\x7f", "1: expected ASCII text, got byte 0x7f");
  CheckBrokenLine("NOTE " + std::string(65532, 'x'),
                  "65537: expected lines of at most 65536 bytes, got 65537");
  CHECK(ParseLine("NOTE " + std::string(65531, 'x'), "f.tr", 1).ok());
  CheckBrokenLine("WAKE " + std::string(50, '*'),
                  "6: expected a notifier's name of up to 31 characters, got \"" +
                      std::string(40, '*') + "...\"");
  CheckBrokenLine("SIG p1 99999999999999999999",
                  "8: expected a signal from 1 to 64, got \"99999999999999999999\"");
}

// ---- Broken files -----------------------------------------------------------------------

void CheckBroken(const std::string& text, const std::string& message) {
  const absl::StatusOr<File> file = Parse(text, "f.tr");
  CHECK(file.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(file.status().message()) == "f.tr:" + message);
}

TEST_CASE("a file without its frame is told", "[recording]") {
  CheckBroken("", "1:1: expected \"# recording \", got end of file");
  CheckBroken("\n", "1:1: expected \"# recording \", got \"\"");
  CheckBroken("# recording x\n", "2:1: expected \"# kernel \", got end of file");
  CheckBroken("# recording x\n# kernel y", "2:11: expected a newline, got end of file");
  CheckBroken("# recording x\n# kernel y\n", "3:1: expected MACHINE, got end of file");
  CheckBroken(WithLine(1, ""), "1:1: expected \"# recording \", got \"# kernel Linux 6.1\"");
  CheckBroken(WithLine(2, "# kernel \xff"), "2:10: expected ASCII text, got byte 0xff");
  CheckBroken(WithLine(3, ""), "3:1: expected MACHINE, got \"LAYOUT\"");
  CheckBroken(WithLine(4, ""), "4:1: expected LAYOUT, got \"STATE\"");
  CheckBroken(WithLine(19, ""), "19:1: expected END or END_INCOMPLETE, got end of file");
  CheckBroken(WithLine(19, "END\nEND"), "20:1: expected end of file, got \"END\"");
  CheckBroken(WithLine(19, "END\n"), "20:1: expected a kind of line, got an empty line");
  CheckBroken(Small().substr(0, Small().size() - 1), "19:4: expected a newline, got end of file");
  CheckBroken(absl::StrReplaceAll(Small(), {{"\n", "\r\n"}}),
              "1:18: expected ASCII text, got byte 0xd");
}

TEST_CASE("a broken layout is told", "[recording]") {
  CheckBroken(WithLine(5, ""), "9:1: expected a STATE line before LAYOUT_END, got none");
  CheckBroken(WithLine(6, ""), "9:1: expected a CHAIN line before LAYOUT_END, got none");
  CheckBroken(WithLine(7, "ZONE at=layout totalram=1"),
              "10:1: expected a ZONE line before LAYOUT_END, got none");
  CheckBroken(WithLine(9, "PAGES at=layout block=32 poisoned_struct_pages=32768"),
              "10:1: expected a PAGES line of block 32 before LAYOUT_END, got none");
  CheckBroken(WithLine(10, ""),
              "10:1: expected STATE, CHAIN, ZONE, PAGES, INFO or LAYOUT_END, got \"SCENARIO\"");
  CheckBroken(WithLine(10, "LAYOUT"),
              "10:1: expected STATE, CHAIN, ZONE, PAGES, INFO or LAYOUT_END, got \"LAYOUT\"");
  for (const char* line : {"LAYOUT", "LAYOUT_END", "MACHINE kernel=6.1"}) {
    CheckBroken(WithLine(11, line),
                absl::StrCat("11:1: expected a line that stands behind LAYOUT_END, got \"",
                             std::string(line).substr(0, std::string(line).find(' ')), "\""));
  }
}

TEST_CASE("a machine that cannot be is told", "[recording]") {
  const auto machine = [](const std::string& from, const std::string& to) {
    return WithLine(3, absl::StrReplaceAll(kMachine, {{from, to}}));
  };
  CheckBroken(machine(" nodes=1", ""), "3:1: expected the key nodes, got MACHINE without it");
  CheckBroken(machine("nodes=1", "smt=1"), "3:1: expected the key nodes, got MACHINE without it");
  CheckBroken(machine("config_bug=1", "debug_vm=1"),
              "3:200: expected each key once, got \"debug_vm\" again");
  CheckBroken(machine("nodes=1", "nodes=1 smt=1 smt=2"),
              "3:154: expected each key once, got \"smt\" again");
  CheckBroken(machine("block_pages=32768", "block_pages=16384"),
              "3:67: expected at most block_pages, got \"32768\"");
  CheckBroken(
      machine("section_pages=32768 pageblock_pages=512", "section_pages=512 pageblock_pages=1024"),
      "3:87: expected at most section_pages, got \"1024\"");
  CheckBroken(machine("section_pages=32768", "section_pages=512"),
              "3:101: expected an order of at most section_pages, got \"10\"");
  CheckBroken(machine("boot_blocks=0-7", "boot_blocks=0-32"),
              "3:135: expected blocks above boot_blocks, got \"32-35\"");
  CheckBroken(machine("dimm_node=0", "dimm_node=1"),
              "3:158: expected a number below nodes, got \"1\"");
  CHECK(Parse(machine("nodes=1 dimm_node=0", "dimm_node=1 nodes=2 smt=1"), "f.tr").ok());
  CHECK(Parse(machine("dimm_blocks=32-35", "dimm_blocks=none"), "f.tr").ok());
}

TEST_CASE("scenarios do not overlap", "[recording]") {
  CheckBroken(WithLine(12, "SCENARIO two"), "12:1: expected SCENARIO_END, got another SCENARIO");
  CheckBroken(WithLine(11, ""), "17:1: expected SCENARIO before, got SCENARIO_END");
  CheckBroken(WithLine(18, ""), "18:1: expected SCENARIO_END, got \"END\"");
  CHECK(Parse(WithLine(18, "SCENARIO_END\nSCENARIO two\nSCENARIO_END"), "f.tr").ok());
}

TEST_CASE("a request has one result", "[recording]") {
  const std::string another = "REQ p1 block=1 file=state value='online'";
  CheckBroken(WithLine(13, another),
              "13:5: expected a process that has no open REQ or CALL, got \"p1\"");
  CheckBroken(WithLine(13, "CALL p1 unhold"),
              "13:6: expected a process that has no open REQ or CALL, got \"p1\"");
  CheckBroken(WithLine(15, "RET p1 block=32 file=state value='online' => 6"),
              "15:5: expected a process with an open REQ, got \"p1\"");
  CheckBroken(WithLine(16, "RET p2 block=32 file=state value='online' => 6"),
              "16:5: expected a process with an open REQ, got \"p2\"");
  for (const char* ret : {"RET p1 block=31 file=state value='online' => 6",
                          "RET p1 block=32 file=online value='online' => 6",
                          "RET p1 block=32 file=state value='offline' => 6"}) {
    CheckBroken(WithLine(14, ret),
                "14:14: expected the block, file and value of REQ in line 12, got others");
  }
  CheckBroken(WithLine(14, ""),
              "12:5: expected a process with a RET or DIED before END, got \"p1\"");
  CHECK(Parse(WithLine(14, "DIED p1 9"), "f.tr").ok());
  CHECK(Parse(WithLine(14,
                       "RET p1 block=32 file=state value='online' => -EINTR (signal 14 was "
                       "delivered)"),
              "f.tr")
            .ok());
}

TEST_CASE("a command ends as it began", "[recording]") {
  CheckBroken(WithLine(16, "CTL oarm 33 1 => OK"),
              "16:5: expected the command of the CALL before, got \"oarm\"");
  CheckBroken(WithLine(17, ""),
              "15:6: expected a process with a CTL or DIED before END, got \"p2\"");
  CheckBroken(WithLine(17, "CTL oarm 32 2 => OK"),
              "15:6: expected a process with a CTL or DIED before END, got \"p2\"");
  CHECK(Parse(WithLine(17, "DIED p2 9"), "f.tr").ok());
  CHECK(Parse(WithLine(16, "CALL p3 oarm 32 1\nCTL oarm 32 1 => OK"), "f.tr").ok());
  // Of two equal commands the one that began first has ended.
  const auto after_one_ended = [](const std::string& proc) {
    return WithLine(13, "CALL p5 unhold\nCALL p4 unhold\nCTL unhold => OK\nEV " + proc +
                            " A prio=0 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK\n"
                            "CTL unhold => OK");
  };
  CHECK(Parse(after_one_ended("p4"), "f.tr").ok());
  CHECK_FALSE(Parse(after_one_ended("p5"), "f.tr").ok());
}

TEST_CASE("events and signals belong to processes", "[recording]") {
  const std::string event = "EV p1 A prio=0 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK";
  const std::string worker = absl::StrReplaceAll(event, {{"p1", "p9"}});
  CheckBroken(WithLine(18, event + "\nSCENARIO_END"),
              "18:4: expected a process with an open REQ or CALL, or one that never made a "
              "request, got \"p1\"");
  CHECK(Parse(WithLine(18, worker + "\nSCENARIO_END"), "f.tr").ok());
  CheckBroken(WithLine(13, "SIG p9 14"),
              "13:5: expected a process of a REQ, CALL or EAT above, got \"p9\"");
  CHECK(Parse(WithLine(16, "SIG p1 14"), "f.tr").ok());
  CHECK(Parse(WithLine(13, "EAT p9 populated 1 MiB\nSIG p9 15"), "f.tr").ok());
  CheckBroken(WithLine(13, "DIED p9 9"),
              "13:6: expected a process with an open REQ or CALL, got \"p9\"");
  CHECK(Parse(WithLine(13, "DIED p9 15"), "f.tr").ok());
}

TEST_CASE("a recording of a kernel that died may end anywhere", "[recording]") {
  const std::vector<std::string> lines = absl::StrSplit(Small(), '\n');
  for (size_t i = 10; i < 18; ++i) {
    const std::string begin = absl::StrJoin(lines.begin(), lines.begin() + i, "\n");
    CHECK(Parse(begin + "\nEND_INCOMPLETE\n", "f.tr").ok());
  }
}

// Reads a broken text; it must be refused at a place within it.
void CheckRefused(const std::string& text) {
  const absl::StatusOr<File> file = Parse(text, "f.tr");
  CHECK_FALSE(file.ok());
  const std::vector<std::string> parts = absl::StrSplit(file.status().message(), ':');
  REQUIRE(parts.size() >= 4);
  CHECK(parts[0] == "f.tr");
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  CHECK(std::stoull(parts[1]) >= 1);
  CHECK(std::stoull(parts[1]) <= lines + 1);
  CHECK(std::stoull(parts[2]) >= 1);
  CHECK(absl::StartsWith(parts[3], " expected "));
}

TEST_CASE("a recording that was cut off is refused", "[recording]") {
  size_t since = 0;
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
      if (at + 1 == text.size() || ++since % 97 != 0) continue;
      CheckRefused(text.substr(0, at + 1));
      CheckRefused(text.substr(0, at - 3));
    }
  }
}

TEST_CASE("a recording with a broken byte is refused", "[recording]") {
  size_t seed = 0;
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    for (const char byte : {'\0', '\r', '\x1b', '\x80', '\xff'}) {
      std::string broken = text;
      broken[(seed += 7919) % text.size()] = byte;
      CheckRefused(broken);
    }
    CheckRefused(text + "\x01\x02 garbage");
    CheckRefused(text + text);
  }
}

// ---- Changes ----------------------------------------------------------------------------

// The texts of the fields of a name, in order.
std::vector<std::string> TextsOf(const File& file, const std::string& name) {
  std::vector<std::string> texts;
  for (const Line& line : file.lines) {
    for (const Field& field : line.fields) {
      if (name == field.name) texts.push_back(field.text);
    }
  }
  return texts;
}

// The small recording with some lines before its end.
File SmallWith(const std::vector<std::string>& lines) {
  return Read(WithLine(18, absl::StrJoin(lines, "\n") + "\nSCENARIO_END"), "small.tr");
}

// What has become of the lines that SmallWith() put in.
std::vector<std::string> LinesOf(const File& file) {
  std::vector<std::string> texts;
  for (size_t i = 15; i + 2 < file.lines.size(); ++i) texts.push_back(Print(file.lines[i]));
  return texts;
}

using Lines = std::vector<std::string>;

TEST_CASE("priorities are spread between the kernel's own", "[recording]") {
  const File file = SmallWith({
      "INSMOD memory-notifier-error-inject priority=500",
      "CTL reg A 100 => OK",
      "CTL reg B 99 => OK",
      "CTL reg C 98 => OK",
      "CTL reg D 99 => -EEXIST",
      "CTL reg F 2147483647 => OK",
      "CTL reg G -2147483648 => OK",
      "CALL p3 reg H 500",
      "CTL reg H 500 => OK",
      "CTL reg I 101 => OK",
      "CTL mtreg rfc 0 => OK",
      "CTL mtreg rfc 1 => OK",
      "CHAIN 0 prio=99 B",
      "EV p9 B prio=99 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
  });
  CHECK(LinesOf(RenumberPriorities(file)) ==
        Lines({
            "INSMOD memory-notifier-error-inject priority=500",
            "CTL reg A 100 => OK",
            "CTL reg B 75 => OK",
            "CTL reg C 50 => OK",
            "CTL reg D 75 => -EEXIST",
            "CTL reg F 1073742074 => OK",
            "CTL reg G -1431655766 => OK",
            "CALL p3 reg H 500",
            "CTL reg H 500 => OK",
            "CTL reg I 300 => OK",
            "CTL mtreg rfc 0 => OK",
            "CTL mtreg rfc 25 => OK",
            "CHAIN 0 prio=75 B",
            "EV p9 B prio=75 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
        }));
}

std::vector<int64_t> Priorities(const File& file) {
  std::vector<int64_t> priorities;
  for (const Line& line : file.lines) {
    if (line.Has("prio")) priorities.push_back(line.Number("prio"));
  }
  return priorities;
}

TEST_CASE("priorities of recordings keep their order", "[recording]") {
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    const File file = Read(text, path);
    const File changed = RenumberPriorities(file);
    const std::vector<int64_t> before = Priorities(file);
    const std::vector<int64_t> after = Priorities(changed);
    REQUIRE(before.size() == after.size());
    std::map<int64_t, int64_t> renumbered;
    for (size_t i = 0; i < before.size(); ++i) {
      CHECK(renumbered.emplace(before[i], after[i]).first->second == after[i]);
    }
    int64_t last = INT64_MIN;
    for (const auto& [old_priority, priority] : renumbered) {
      CHECK(last < priority);
      last = priority;
    }
    for (const int64_t fixed : {0, 1, 100}) {
      if (renumbered.contains(fixed)) CHECK(renumbered[fixed] == fixed);
    }
    CHECK(Print(Read(Print(changed), path)) == Print(changed));
    CHECK(Print(RenumberPriorities(changed)) == Print(changed));
  }
}

TEST_CASE("probes get other names", "[recording]") {
  const File file = SmallWith({
      "CTL reg B 5 => OK",
      "CALL p3 reg A 5",
      "CTL reg A 5 => OK",
      "CTL reg B 6 => -EEXIST",
      "CTL unreg Z => -ENOENT",
      "CTL nack A GOING_OFFLINE 16 => OK",
      "CTL clear probe_2 => -ENOENT",
      "CTL reg RFC 7 => OK",
      "CHAIN 0 prio=5 A",
      "CHAIN 1 prio=5 slab_memory_callback",
      "EV p9 A prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
      "EV p9 RFC prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
      "EV p9 FIX prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
      "SLEEP B ONLINE 5",
      "WAKE B",
      "NOTE A",
  });
  const File changed = RenameProbes(file);
  CHECK(LinesOf(changed) ==
        Lines({
            "CTL reg probe_1 5 => OK",
            "CALL p3 reg probe_3 5",
            "CTL reg probe_3 5 => OK",
            "CTL reg probe_1 6 => -EEXIST",
            "CTL unreg Z => -ENOENT",
            "CTL nack probe_3 GOING_OFFLINE 16 => OK",
            "CTL clear probe_2 => -ENOENT",
            "CTL reg RFC 7 => OK",
            "CHAIN 0 prio=5 probe_3",
            "CHAIN 1 prio=5 slab_memory_callback",
            "EV p9 probe_3 prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
            "EV p9 RFC prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
            "EV p9 FIX prio=5 ONLINE block=32 pfn=0x100000 nr=32768 => NOTIFY_OK",
            "SLEEP probe_1 ONLINE 5",
            "WAKE probe_1",
            "NOTE A",
        }));
  CHECK(Print(RenameProbes(changed)) == Print(changed));
}

TEST_CASE("names of recordings are replaced one for one", "[recording]") {
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    const File file = Read(text, path);
    const File changed = RenameProbes(file);
    const Lines before = TextsOf(file, "name");
    const Lines after = TextsOf(changed, "name");
    REQUIRE(before.size() == after.size());
    std::map<std::string, std::string> renamed;
    std::set<std::string> names;
    for (size_t i = 0; i < before.size(); ++i) {
      CHECK(renamed.emplace(before[i], after[i]).first->second == after[i]);
      names.insert(after[i]);
    }
    CHECK(names.size() == renamed.size());
    CHECK(Print(Read(Print(changed), path)) == Print(changed));
    CHECK(Print(RenameProbes(changed)) == Print(changed));
  }
}

std::string Zone(const char* zone, const char* start_pfn, int spanned) {
  return absl::StrCat("ZONE at=now node=0 zone=", zone, " start_pfn=", start_pfn,
                      " spanned=", spanned,
                      " present=1 managed=1 free=1081344 nr_isolate_pageblock=0");
}

// Mentions of the DIMM and what is near it; MOVED are the same 8 blocks further on.
const Lines kDimm = {
    "STATE 7=online(none) 32=online(Normal) 35=absent(-)",
    "CTL nack A GOING_OFFLINE 16 33 2 => OK",
    "CTL nack A GOING_OFFLINE 16 -1 33 => OK",
    "CTL raw A GOING_OFFLINE 33 34 => OK",
    "CTL grab 35 35 => OK",
    "REQ block=31 file=state value='offline' => open: -ENOENT",
    "REQ block=40 file=state value='offline' => open: -ENOENT",
    "MT alloc_contig_pages(2 blocks) -> base_pfn=0x100000 blocks 32..33 zone=Normal",
    "MT free_contig_range(0x118000, 32768)",
    "UEVENT online@/devices/system/memory/memory34",
    "GRAB page pfn=0x11ffff block=35 zone=Movable refcount=1",
    Zone("Normal", "0x108000", 65536),
    Zone("Movable", "0x20000", 1048576),
    Zone("DMA32", "0x1000", 258048),
    "FN enter online_pages(0x118200,0x7e00) p9",
    "FN enter memory_notify(ONLINE) p9",
    "KERN page: refcount:1 mapcount:0 pfn:0x107c00",
    "KERN migrating pfn 107c00 failed ret:1",
    "KERN migrating pfn 20000 failed ret:1",
    "KERN failed to isolate pfn 00020000",
    "KERN memory offlining [mem 0x100000000-0x107ffffff] failed due to notifier failure",
    "KERN memory offlining [mem 0x08000000-0x0fffffff] failed due to notifier failure",
    "KERN removing memory fails, because memory [0x0000000108000000-0x000000010fffffff] is onlined",
    "KERN Unable to reserve System RAM region: 0000000118000000->0000000120000000",
    "KERN Unable to reserve System RAM region: 0000000010000000->0000000018000000",
    "KERN memory memory34: Offline failed.",
    "INFO A=35 B=36",
    "INFO DATA=35 A=x",
    "NOTE block=34",
};
const Lines kDimmMoved = {
    "STATE 7=online(none) 40=online(Normal) 43=absent(-)",
    "CTL nack A GOING_OFFLINE 16 41 2 => OK",
    "CTL nack A GOING_OFFLINE 16 -1 33 => OK",
    "CTL raw A GOING_OFFLINE 33 42 => OK",
    "CTL grab 43 35 => OK",
    "REQ block=39 file=state value='offline' => open: -ENOENT",
    "REQ block=48 file=state value='offline' => open: -ENOENT",
    "MT alloc_contig_pages(2 blocks) -> base_pfn=0x140000 blocks 40..41 zone=Normal",
    "MT free_contig_range(0x158000, 32768)",
    "UEVENT online@/devices/system/memory/memory42",
    "GRAB page pfn=0x15ffff block=43 zone=Movable refcount=1",
    Zone("Normal", "0x148000", 65536),
    Zone("Movable", "0x20000", 1310720),
    Zone("DMA32", "0x1000", 258048),
    "FN enter online_pages(0x158200,0x7e00) p9",
    "FN enter memory_notify(ONLINE) p9",
    "KERN page: refcount:1 mapcount:0 pfn:0x147c00",
    "KERN migrating pfn 147c00 failed ret:1",
    "KERN migrating pfn 20000 failed ret:1",
    "KERN failed to isolate pfn 00020000",
    "KERN memory offlining [mem 0x140000000-0x147ffffff] failed due to notifier failure",
    "KERN memory offlining [mem 0x08000000-0x0fffffff] failed due to notifier failure",
    "KERN removing memory fails, because memory [0x0000000148000000-0x000000014fffffff] is onlined",
    "KERN Unable to reserve System RAM region: 0000000158000000->0000000160000000",
    "KERN Unable to reserve System RAM region: 0000000010000000->0000000018000000",
    "KERN memory memory42: Offline failed.",
    "INFO A=43 B=44",
    "INFO DATA=35 A=x",
    "NOTE block=34",
};

TEST_CASE("a DIMM elsewhere moves all that is said about it", "[recording]") {
  const File file = SmallWith(kDimm);
  const File moved = ShiftDimm(file, 8);
  CHECK(LinesOf(moved) == kDimmMoved);
  CHECK(moved.lines[0].Text("dimm_blocks") == "40-43");
  CHECK(moved.lines[0].Text("boot_blocks") == "0-7");
  CHECK(Print(ShiftDimm(moved, -8)) == Print(file));
  CHECK(Print(ShiftDimm(file, 0)) == Print(file));
  const Lines low = LinesOf(ShiftDimm(file, -16));
  CHECK(low[20] ==
        "KERN memory offlining [mem 0x80000000-0x87ffffff] failed due to notifier failure");
  CHECK(low[23] == "KERN Unable to reserve System RAM region: 0000000098000000->00000000a0000000");
  CHECK(LinesOf(ShiftDimm(SmallWith({"KERN online_pages [mem 0x100000000-0x107ffffff] failed"}),
                          -24)) == Lines({"KERN online_pages [mem 0x40000000-0x47ffffff] failed"}));
}

TEST_CASE("a DIMM moves only to where there is room", "[recording]") {
  const File file = SmallWith({"REQ block=31 file=state value='offline' => open: -ENOENT"});
  CHECK_FALSE(Aborts([&] { ShiftDimm(file, -23); }));
  CHECK(Aborts([&] { ShiftDimm(file, -24); }));
  CHECK_FALSE(Aborts([&] { ShiftDimm(file, 1048576 - 35); }));
  CHECK(Aborts([&] { ShiftDimm(file, 1048577 - 35); }));
  const std::string without = absl::StrReplaceAll(Small(), {{"=32-35", "=none"}});
  CHECK(Aborts([&] { ShiftDimm(Read(without, "f.tr"), 0); }));
}

TEST_CASE("the DIMM of recordings moves there and back", "[recording]") {
  for (const auto& [path, text] : Recordings()) {
    INFO(path);
    const File file = Read(text, path);
    const File moved = ShiftDimm(file, 8);
    CHECK(Print(Read(Print(moved), path)) == Print(moved));
    CHECK((Print(ShiftDimm(moved, -8)) == text));
    for (const Line& line : moved.lines) {
      for (const Field& field : line.fields) {
        if (field.type == Type::kBlock) CHECK((field.number < 8 || field.number >= 39));
        if (field.type == Type::kPfn) CHECK((field.number < 0x40000 || field.number >= 0x140000));
      }
    }
  }
}

// The lines in which two recordings differ.
std::vector<size_t> Differences(const File& a, const File& b) {
  std::vector<size_t> different;
  REQUIRE(a.lines.size() == b.lines.size());
  for (size_t i = 0; i < a.lines.size(); ++i) {
    if (Print(a.lines[i]) != Print(b.lines[i])) different.push_back(i);
  }
  return different;
}

TEST_CASE("one field changes and nothing else", "[recording]") {
  for (const char* name : {"6.1/basic", "6.1/numa", "5.9.1/random-1", "5.9.1/rfc_bug_on"}) {
    const std::string path = absl::StrCat("regress/real-kernel-traces/", name, ".tr");
    const File file = Read(Recordings().at(path), path);
    for (uint64_t seed = 0; seed < 40; ++seed) {
      INFO(path << " " << seed);
      Change change;
      const std::optional<File> changed = ChangeOneField(file, seed, &change);
      REQUIRE(changed.has_value());
      const std::vector<size_t> different = Differences(file, *changed);
      REQUIRE(different.size() == 1);
      const Line& line = changed->lines[different[0]];
      CHECK(line.number == change.line);
      CHECK(line.kind == change.kind);
      CHECK(change.old_text != change.new_text);
      size_t fields = 0;
      for (size_t i = 0; i < line.fields.size(); ++i) {
        const Field& old = file.lines[different[0]].fields[i];
        if (old.text == line.fields[i].text) continue;
        ++fields;
        CHECK(old.name == change.field);
        CHECK(old.text == change.old_text);
        CHECK(line.fields[i].text == change.new_text);
      }
      CHECK(fields == 1);
      CHECK(Print(Read(Print(*changed), path)) == Print(*changed));
    }
  }
}

TEST_CASE("which field changes is a function of the seed, and any may", "[recording]") {
  const std::string path = "regress/real-kernel-traces/6.1/random-1.tr";
  const File file = Read(Recordings().at(path), path);
  std::map<std::pair<Kind, std::string>, int> changes;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Change change;
    const std::optional<File> changed = ChangeOneField(file, seed, &change);
    REQUIRE(changed.has_value());
    ++changes[{change.kind, change.field}];
    if (seed % 100 != 0) continue;
    Change again;
    CHECK(Print(*ChangeOneField(file, seed, &again)) == Print(*changed));
    CHECK(again.line == change.line);
  }
  CHECK(changes.size() >= 80);
  // An EV line has nine or more fields, and there are many; CHAIN has three.
  CHECK(changes[{Kind::kEv, "answer"}] >= 8);
  CHECK(changes[{Kind::kChain, "pos"}] >= 8);
  CHECK(changes[{Kind::kRet, "result"}] >= 8);
  CHECK(changes[{Kind::kState, "state"}] >= 8);
  CHECK(changes[{Kind::kEv, "block"}] <= 60);
  CHECK(changes.count({Kind::kMachine, "nodes"}) == 0);
}

TEST_CASE("a recording without a field has none to change", "[recording]") {
  std::vector<std::string> lines = absl::StrSplit(Small(), '\n');
  lines.erase(lines.begin() + 10, lines.begin() + 18);
  Change change;
  CHECK(ChangeOneField(Read(absl::StrJoin(lines, "\n"), "small.tr"), 1, &change) == std::nullopt);
}

}  // namespace
}  // namespace hotplug::recording
