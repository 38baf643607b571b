// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/show.h"

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/messages.h"
#include "model/mm/function.h"
#include "model/mm/kernel.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/zone.h"

namespace hotplug::replay {

using mm::BlockId;
using mm::Pfn;
using recording::Kind;
using recording::Line;
using recording::Make;
using recording::Type;

namespace {

std::string Num(int64_t v) { return std::to_string(v); }
std::string Hex(uint64_t v) { return recording::HexText(v); }

}  // namespace

// ---- Looking ----

namespace {

const char* StateName(BlockId block) {
  if (!mm::BlockExists(block) || mm::BlockAt(block).registered == 0) return "absent";
  switch (mm::BlockAt(block).state) {
    case mm::MEM_ONLINE:
      return "online";
    case mm::MEM_GOING_OFFLINE:
      return "going-offline";
    default:
      return "offline";
  }
}

std::string ZonesText(BlockId block) {
  if (!mm::BlockExists(block) || mm::BlockAt(block).registered == 0) return "-";
  const mm::ValidZones v = mm::valid_zones(block);
  if (v.size == 0) return "none";
  std::string text = NameOfKind(mm::KindOf(v.zone[0]));
  for (uint32_t i = 1; i < v.size; ++i) {
    absl::StrAppend(&text, ",", NameOfKind(mm::KindOf(v.zone[i])));
  }
  return text;
}

}  // namespace

Line ShowState(const std::vector<BlockId>& blocks) {
  Line line;
  line.kind = Kind::kState;
  for (const BlockId b : blocks) {
    line.fields.push_back({"block", Type::kBlock, Num(b.v), b.v, 0});
    line.fields.push_back({"state", Type::kWord, StateName(b), 0, 0});
    line.fields.push_back({"zones", Type::kWord, ZonesText(b), 0, 0});
  }
  return line;
}

Line ShowChain(uint32_t pos, const instrument::ChainEntry& entry) {
  // The memtrace notifier shows as its function here.
  std::string name = instrument::NameOf(entry.name);
  if (name == "RFC") name = "memtrace_memory_notifier_cb";
  if (name == "FIX") name = "memtrace_fixed_cb";
  return Make(Kind::kChain, {{"pos", Num(pos)}, {"prio", Num(entry.priority)}, {"name", name}});
}

Line ShowZone(const Machine::Zone& zone, const std::string& at) {
  mm::zone z{};
  const mm::zone_type kind = KindOfName(zone.name);
  if (kind != mm::MAX_NR_ZONES) z = mm::mm().zones[mm::ZoneIndex(mm::NodeId{zone.node}, kind)];
  return Make(Kind::kZone, {{"at", at},
                            {"node", Num(zone.node)},
                            {"zone", zone.name},
                            {"start_pfn", Hex(z.zone_start_pfn)},
                            {"spanned", Num(z.spanned_pages)},
                            {"present", Num(z.present_pages)},
                            {"managed", Num(z.managed_pages)},
                            {"free", Num(z.nr_free_pages)},
                            {"nr_isolate_pageblock", Num(z.nr_isolate_pageblock)}});
}

Line ShowTotal(const std::string& at) {
  uint32_t total = 0;
  for (const mm::zone& z : mm::mm().zones) total += z.managed_pages;
  return Make(Kind::kZoneTotal, {{"at", at}, {"totalram", Num(total)}});
}

uint32_t PageCounts::other() const {
  return mm::PagesPerBlock() - buddy - reserved - lru - offline;
}

namespace {

void CountPage(const mm::page& p, PageCounts* c) {
  if ((p.flags & mm::kFlagPoison) != 0) {
    ++c->poisoned;
    return;
  }
  uint32_t* const by_count[] = {&c->ref0, &c->ref1, &c->ref2};
  ++*(p.refcount < 0 ? &c->refneg : p.refcount > 2 ? &c->refmore : by_count[p.refcount]);
  if (mm::PageReserved(p)) ++c->reserved;
  if (mm::PageLRU(p)) ++c->lru;
  if (mm::PageBuddy(p)) c->buddy += 1u << p.order;
  if (!mm::PageOffline(p)) return;
  ++c->offline;
  uint32_t* const offline_by_count[] = {&c->offline_ref0, &c->offline_ref1, &c->offline_ref2};
  if (p.refcount >= 0 && p.refcount <= 2) ++*offline_by_count[p.refcount];
}

}  // namespace

PageCounts Count(BlockId block) {
  PageCounts c{};
  const Pfn start = mm::FirstPfn(block);
  const Pfn end = start + mm::PagesPerBlock();
  for (Pfn pfn = start; pfn < end; ++pfn) CountPage(mm::PageAt(pfn), &c);
  if (mm::BlockAt(block).section_online == 0) return c;
  for (Pfn pfn = start; pfn < end; pfn = pfn + mm::PagesPerPageblock()) {
    const uint8_t mt = mm::PageblockAt(pfn);
    ++(mt == mm::MIGRATE_ISOLATE ? c.isolate : mt == mm::MIGRATE_UNMOVABLE ? c.unmov : c.mov);
  }
  return c;
}

std::vector<Line> ShowPages(BlockId block, const std::string& at) {
  const std::string number = Num(block.v);
  if (!mm::BlockExists(block) || mm::BlockAt(block).registered == 0) {
    return {Make(Kind::kPagesNovalid, {{"at", at}, {"block", number}})};
  }
  std::vector<Line> lines;
  const PageCounts c = Count(block);
  if (c.poisoned != 0) {
    lines.push_back(
        Make(Kind::kPagesPoisoned,
             {{"at", at}, {"block", number}, {"poisoned_struct_pages", Num(c.poisoned)}}));
  }
  const bool online = mm::BlockAt(block).section_online != 0;
  const char* zone = "-";
  if (online) zone = NameOfKind(mm::KindOf(mm::PageAt(mm::FirstPfn(block)).zone));
  lines.push_back(Make(Kind::kPages, {{"at", at},
                                      {"block", number},
                                      {"online_section", online ? "1" : "0"},
                                      {"zone", zone},
                                      {"ref0", Num(c.ref0)},
                                      {"ref1", Num(c.ref1)},
                                      {"ref2", Num(c.ref2)},
                                      {"refmore", Num(c.refmore)},
                                      {"refneg", Num(c.refneg)},
                                      {"PageOffline", Num(c.offline)},
                                      {"PageOffline_ref0", Num(c.offline_ref0)},
                                      {"PageOffline_ref1", Num(c.offline_ref1)},
                                      {"PageOffline_ref2", Num(c.offline_ref2)},
                                      {"buddy_pages", Num(c.buddy)},
                                      {"reserved", Num(c.reserved)},
                                      {"lru", Num(c.lru)},
                                      {"unmov", Num(c.unmov)},
                                      {"mov", Num(c.mov)},
                                      {"recl", "0"},
                                      {"highatomic", "0"},
                                      {"isolate", Num(c.isolate)}}));
  return lines;
}

Line ShowKpf(BlockId block) {
  const uint32_t pages = mm::PagesPerBlock();
  // A file may ask for a block that the machine does not have: pages of nothing.
  const bool online = mm::BlockExists(block) && mm::BlockAt(block).section_online != 0;
  const PageCounts c = online ? Count(block) : PageCounts{};
  const auto if_online = [online](uint32_t n) { return Num(online ? n : 0); };
  const std::string bytes = Num(uint64_t{pages} * 8);
  return Make(Kind::kKpf, {{"block", Num(block.v)},
                           {"kpageflags_read", bytes},
                           {"NOPAGE", Num(online ? 0 : pages)},
                           {"OFFLINE", if_online(c.offline)},
                           {"BUDDY", if_online(c.buddy)},
                           {"RESERVED", if_online(c.reserved)},
                           {"LRU", if_online(c.lru)},
                           {"kpagecount_read", bytes},
                           {"mapped0", Num(pages)},
                           {"mapped1", "0"},
                           {"mappedmore", "0"}});
}

// ---- Running ----

namespace {

std::string ZoneOf(uint32_t pfn) { return NameOfKind(mm::KindOf(mm::PageAt(Pfn{pfn}).zone)); }
std::string BlockText(uint32_t pfn) { return Num(mm::BlockOf(Pfn{pfn}).v); }
// Who has no number of its own shows as p0, which no recording has.
std::string ProcText(int64_t proc) { return absl::StrCat("p", proc < 0 ? 0 : proc); }

Line WithFields(Kind kind, const std::vector<recording::NamedText>& fields) {
  return Make(kind, fields);
}

Line EventLine(const sim::Record& r, const Speaker& speaker) {
  const instrument::Event& e = instrument::EventOf(sim::TaskId{r.task});
  std::vector<recording::NamedText> fields = {
      {"proc", ProcText(speaker.proc)},  {"name", instrument::NameOf(e.notifier)},
      {"prio", Num(e.priority)},         {"action", recording::ActionName(e.action)},
      {"block", BlockText(e.start_pfn)}, {"pfn", Hex(e.start_pfn)},
      {"nr", Num(e.nr_pages)},
  };
  if (e.status_change_nid != -1 || e.status_change_nid_normal != -1) {
    fields.push_back({"status_change_nid", Num(e.status_change_nid)});
    fields.push_back({"status_change_nid_normal", Num(e.status_change_nid_normal)});
  }
  if (e.going_offline_before != -1) {
    fields.push_back({"going_offline_before", Num(e.going_offline_before)});
  }
  fields.push_back({"answer", recording::AnswerText(e.answer)});
  return WithFields(Kind::kEv, fields);
}

// How the work ended: RET of a request, CTL of a command. A kernel worker shows nothing.
std::vector<Line> ReturnLine(const sim::Record& r, const Speaker& speaker) {
  if (speaker.work == nullptr) return {};
  const instrument::Result& result = instrument::ResultOf(sim::TaskId{r.task});
  const Line& work = *speaker.work;
  const bool request = work.kind == Kind::kReq;
  std::vector<recording::NamedText> fields;
  for (const recording::Field& f : work.fields) {
    const std::string_view name = f.name;
    if (name == "alarm" || name == "sa_restart" || name == "result") continue;
    if (!request && name == "proc") continue;
    fields.push_back({f.name, f.text});
  }
  fields.push_back(
      {"result", request && result.rc >= 0 ? Num(result.rc) : recording::ErrnoText(result.rc)});
  if (request && result.signal != 0) fields.push_back({"signal", Num(result.signal)});
  return {WithFields(request ? Kind::kRet : Kind::kCtl, fields)};
}

Line FunctionLine(const sim::Record& r, const Speaker& speaker) {
  const auto fn = static_cast<mm::Fn>(r.a);
  std::vector<recording::NamedText> fields = {{"function", mm::Name(fn)},
                                              {"proc", ProcText(speaker.proc)}};
  if (r.tp == mm::kTpFnRet) {
    if (r.c != 0) fields.push_back({"result", Num(static_cast<int32_t>(r.b))});
    return WithFields(Kind::kFnRet, fields);
  }
  if (fn == mm::Fn::kMemoryNotify) {
    fields.push_back({"args", recording::ActionName(r.b)});
  } else if (r.c != 0) {
    fields.push_back({"args", absl::StrCat(Hex(r.b), ",", Hex(r.c))});
  }
  return WithFields(Kind::kFnEnter, fields);
}

const char* UeventName(uint32_t what) {
  constexpr const char* kNames[] = {"offline", "online", "add", "remove"};
  return kNames[what];
}

std::vector<Line> MtAllocLine(const sim::Record& r) {
  const uint32_t first = mm::BlockOf(Pfn{r.a}).v;
  return {Make(Kind::kMtAlloc, {{"count", Num(r.b)},
                                {"base_pfn", Hex(r.a)},
                                {"first", Num(first)},
                                {"last", Num(first + r.b - 1)},
                                {"zone", ZoneOf(r.a)}})};
}

// Lines of the instrument that name a page.
std::vector<Line> PageLine(const sim::Record& r) {
  const std::string pfn = Hex(r.a);
  const std::string block = BlockText(r.a);
  if (r.tp == instrument::kTpUngrab) return {Make(Kind::kUngrab, {{"pfn", pfn}, {"block", block}})};
  if (r.tp == instrument::kTpPin) {
    return {Make(Kind::kPin, {{"pfn", pfn},
                              {"block", block},
                              {"refcount", Num(r.b)},
                              {"mapcount", "0"},
                              {"anon", "0"}})};
  }
  if (r.tp == instrument::kTpHold) {
    return {Make(Kind::kHold, {{"pfn", pfn},
                               {"block", block},
                               {"zone", ZoneOf(r.a)},
                               {"refcount", Num(r.b)},
                               {"tries", Num(r.c)}})};
  }
  return {Make(Kind::kGrab,
               {{"pfn", pfn}, {"block", block}, {"zone", ZoneOf(r.a)}, {"refcount", Num(r.b)}})};
}

std::vector<Line> InstrumentLines(const sim::Record& r, const Speaker& speaker) {
  const std::string block = Num(r.a);
  const std::string rc = Num(static_cast<int32_t>(r.b));
  switch (r.tp) {
    case instrument::kTpEvent:
      return {EventLine(r, speaker)};
    case instrument::kTpProbeSleep:
      return {Make(Kind::kSleep, {{"name", instrument::NameOf(r.a)},
                                  {"action", recording::ActionName(r.b)},
                                  {"ms", Num(r.c)}})};
    case instrument::kTpProbeWake:
      return {Make(Kind::kWake, {{"name", instrument::NameOf(r.a)}})};
    case instrument::kTpReturn:
      return ReturnLine(r, speaker);
    case instrument::kTpDied:
      return {Make(Kind::kDied, {{"proc", ProcText(speaker.proc)}, {"signal", Num(r.a)}})};
    case instrument::kTpMtAlloc:
      return MtAllocLine(r);
    case instrument::kTpMtOffline:
      return {Make(Kind::kMtOffline, {{"block", block}, {"result", rc}})};
    case instrument::kTpMtDone:
      return {Make(Kind::kMtDone, {{"base_pfn", Hex(r.a)}})};
    case instrument::kTpMtPages:
      return ShowPages(BlockId{r.a}, "out_readd_memory");
    case instrument::kTpMtAddMemory:
      return {Make(Kind::kMtAdd, {{"result", Num(static_cast<int32_t>(r.a))}})};
    case instrument::kTpMtDeviceOnline:
      return {Make(Kind::kMtOnline, {{"block", block}, {"result", rc}})};
    case instrument::kTpMtFree:
      return {Make(Kind::kMtFree, {{"pfn", Hex(r.a)}, {"nr", Num(r.b)}})};
    case instrument::kTpMtForgotten:
      return {Make(Kind::kMtForgotten, {{"block", block}})};
    case instrument::kTpGrab:
    case instrument::kTpUngrab:
    case instrument::kTpHold:
    case instrument::kTpPin:
      return PageLine(r);
    default:
      return {};
  }
}

}  // namespace

std::vector<Line> LinesOf(const sim::Record& r, const Speaker& speaker, const Machine& machine) {
  if (r.tp == mm::kTpFnEnter || r.tp == mm::kTpFnRet) return {FunctionLine(r, speaker)};
  if (r.tp == mm::kTpUevent) {
    return {Make(Kind::kUevent, {{"uevent", UeventName(r.b)}, {"block", Num(r.a)}})};
  }
  std::vector<Line> lines;
  for (std::string& text : KernelMessages(r, machine)) {
    lines.push_back(Make(Kind::kKern, {{"text", std::move(text)}}));
  }
  return lines.empty() ? InstrumentLines(r, speaker) : lines;
}

}  // namespace hotplug::replay
