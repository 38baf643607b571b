// SPDX-License-Identifier: GPL-2.0-or-later
//
// The grammar, and the compiler of its templates. In a template
//
//   {name:lexer}    is a field, with a lexer of lexer.cc
//   {name:=a|b}     is a field that is one of these words
//   [...]           may be missing
//   [+...|...]      is there at least once, each time in one of these forms: the first one
//                   whose first word is there
//   {command}       is each of kCommands in turn
//
// and everything else stands for itself.
#include "fuzz/fidelity/recording/grammar.h"

#include <algorithm>
#include <map>

#include "fuzz/fidelity/recording/texts.h"
#include "model/sim/check.h"

namespace hotplug::recording {
namespace {

struct Row {
  Kind kind;
  std::string_view text;
};

// Rows of a kind, and rows with the same first word, stand together.
constexpr Row kRows[] = {
    {Kind::kMachine,
     "MACHINE[+ kernel={kernel:kernel}| arch={arch:word}| cpus={cpus:count}|"
     " page_size={page_size:bytes}| block_pages={block_pages:pages}|"
     " section_pages={section_pages:pages}| pageblock_pages={pageblock_pages:pages}|"
     " max_order={max_order:order}| boot_blocks={boot_blocks:range}|"
     " dimm_blocks={dimm_blocks:norange}| nodes={nodes:nodes}| dimm_node={dimm_node:node}|"
     " movablecore={movablecore:word}|"
     " auto_online={auto_online:=offline|online|online_kernel|online_movable}|"
     " memmap_on_memory={memmap_on_memory:bit}| reserved={reserved:word}|"
     " debug_vm={debug_vm:bit}| config_bug={config_bug:bit}| {other:pair}]"},
    {Kind::kLayout, "LAYOUT"},
    {Kind::kLayoutEnd, "LAYOUT_END"},
    {Kind::kScenario, "SCENARIO {scenario:word}[ {text:text}]"},
    {Kind::kScenarioEnd, "SCENARIO_END"},
    {Kind::kEnd, "END"},
    {Kind::kEndIncomplete, "END_INCOMPLETE"},

    {Kind::kReq,
     "REQ {proc:proc} block={block:block} file={file:=state|online} value={value:written}"
     "[ alarm={alarm:count}][ {sa_restart:=SA_RESTART}]"},
    {Kind::kReqFailed,
     "REQ block={block:block} file={file:=state|online} value={value:written}"
     " => open: {result:errno}"},
    {Kind::kRet,
     "RET {proc:proc} block={block:block} file={file:=state|online} value={value:written}"
     " => {result:result}[ (signal {signal:signal} was delivered)]"},
    {Kind::kCall, "CALL {proc:proc} {command}[ alarm={alarm:count}]"},
    {Kind::kCtl, "CTL {command} => {result:status}"},
    {Kind::kSig, "SIG {proc:proc} {signal:signal}"},
    {Kind::kDied, "DIED {proc:proc} {signal:signal}"},
    {Kind::kWr, "WR {path:word} <- {value:written} => {result:result}"},
    {Kind::kRd, "RD {path:word} = {value:contents}[ errno={errno:name}]"},
    {Kind::kInsmod, "INSMOD {module:module}[ {args:words}]"},
    {Kind::kEat, "EAT {proc:proc} populated {mib:count} MiB"},
    {Kind::kEatCheck, "EAT {proc:proc} check: {bad:count} bad pages of {pages:count}"},

    {Kind::kEv,
     "EV {proc:proc} {name:notifier} prio={prio:number} {action:action} block={block:block}"
     " pfn={pfn:pfn} nr={nr:count}"
     "[ status_change_nid={status_change_nid:number}"
     " status_change_nid_normal={status_change_nid_normal:number}]"
     "[ going_offline_before={going_offline_before:bit}] => {answer:answer}"},
    {Kind::kSleep, "SLEEP {name:notifier} {action:action} {ms:count}"},
    {Kind::kWake, "WAKE {name:notifier}"},
    {Kind::kState,
     "STATE[+ {block:block}={state:=online|offline|going-offline|absent}({zones:zones})]"},
    {Kind::kChain, "CHAIN {pos:count} prio={prio:number} {name:notifier}"},
    {Kind::kPages,
     "PAGES at={at:name} block={block:block} online_section={online_section:bit}"
     " zone={zone:nozone} ref0={ref0:count} ref1={ref1:count} ref2={ref2:count}"
     " refmore={refmore:count} refneg={refneg:count} PageOffline={PageOffline:count}"
     "(ref0={PageOffline_ref0:count},ref1={PageOffline_ref1:count},ref2={PageOffline_ref2:count})"
     " buddy_pages={buddy_pages:count} reserved={reserved:count} lru={lru:count}"
     " pageblocks(unmov={unmov:count},mov={mov:count},recl={recl:count},"
     "highatomic={highatomic:count},isolate={isolate:count})"},
    {Kind::kPagesNovalid, "PAGES at={at:name} block={block:block} novalid"},
    {Kind::kPagesPoisoned,
     "PAGES at={at:name} block={block:block} poisoned_struct_pages={poisoned_struct_pages:count}"},
    {Kind::kZone,
     "ZONE at={at:name} node={node:node} zone={zone:zone} start_pfn={start_pfn:pfn}"
     " spanned={spanned:count} present={present:count} managed={managed:count} free={free:count}"
     " nr_isolate_pageblock={nr_isolate_pageblock:count}"},
    {Kind::kZoneTotal, "ZONE at={at:name} totalram={totalram:count}"},
    {Kind::kUevent,
     "UEVENT {uevent:=add|remove|online|offline|change|bind|unbind}"
     "@/devices/system/memory/memory{block:block}"},
    {Kind::kMtAlloc,
     "MT alloc_contig_pages({count:count} blocks) -> base_pfn={base_pfn:pfn}"
     " blocks {first:block}..{last:block} zone={zone:zone}"},
    {Kind::kMtOffline, "MT offline_and_remove_memory(block {block:block}) = {result:number}"},
    {Kind::kMtDone, "MT run: all removed, base_pfn={base_pfn:pfn}"},
    {Kind::kMtAdd, "MT memtrace_free_node: add_memory = {result:number}"},
    {Kind::kMtOnline, "MT device_online(block {block:block}) = {result:number}"},
    {Kind::kMtFree, "MT free_contig_range({pfn:pfn}, {nr:count})"},
    {Kind::kMtForgotten, "MT block {block:block} cannot be freed: forgotten"},
    {Kind::kGrab,
     "GRAB page pfn={pfn:pfn} block={block:block} zone={zone:zone} refcount={refcount:count}"},
    {Kind::kUngrab, "UNGRAB page pfn={pfn:pfn} block={block:block}"},
    {Kind::kHold,
     "HOLD page pfn={pfn:pfn} block={block:block} zone={zone:zone} refcount={refcount:count}"
     " tries={tries:count}"},
    {Kind::kPin,
     "PIN lru page pfn={pfn:pfn} block={block:block} refcount={refcount:count}"
     " mapcount={mapcount:number} anon={anon:bit}"},
    {Kind::kKpf,
     "KPF block={block:block} kpageflags_read={kpageflags_read:count} NOPAGE={NOPAGE:count}"
     " OFFLINE={OFFLINE:count} BUDDY={BUDDY:count} RESERVED={RESERVED:count} LRU={LRU:count}"
     " kpagecount(read={kpagecount_read:count} mapped0={mapped0:count} mapped1={mapped1:count}"
     " mappedmore={mappedmore:count})"},
    {Kind::kFnEnter, "FN enter {function:name}[({args:args})] {proc:proc}"},
    {Kind::kFnRet, "FN ret {function:name}[ = {result:number}] {proc:proc}[ {more:=...}]"},
    {Kind::kFnCount, "FNCOUNT {function:name} = {count:count}"},
    {Kind::kKern, "KERN {text:message}"},
    {Kind::kInfo, "INFO {text:text}"},
    {Kind::kNote, "NOTE {text:text}"},
};

constexpr std::string_view kCommand = "{command}";
constexpr std::string_view kCommands[] = {
    "{cmd:=reg} {name:notifier} {prio:number}",
    "{cmd:=unreg} {name:notifier}",
    "{cmd:=unregall}",
    "{cmd:=nack} {name:notifier} {action:action} {errno:count}[ {block:anyblock}[ {nth:count}]]",
    "{cmd:=raw} {name:notifier} {action:action} {value:raw}[ {block:anyblock}[ {nth:count}]]",
    "{cmd:=sleep} {name:notifier} {action:action} {ms:count}[ {block:anyblock}]",
    "{cmd:=pagesat} {name:notifier} {action:action}",
    "{cmd:=zonesat} {name:notifier} {action:action}",
    "{cmd:=clear} {name:notifier}",
    "{cmd:=mtalloc} {count:count}[ {mode:=rfc}]",
    "{cmd:=mtreg} {mode:=rfc|fixed} {prio:number}",
    "{cmd:=mtunreg}",
    "{cmd:=mtrun} {mode:=rfc|fixed}",
    "{cmd:=mtfree}[ {block:block} {count:count}]",
    "{cmd:=mtfreeok}",
    "{cmd:=mtforget}",
    "{cmd:=oarm} {block:block}[ {count:count}]",
    "{cmd:=rm} {block:block}",
    "{cmd:=add} {block:block}",
    "{cmd:=addmm} {block:block}",
    "{cmd:=hold} {block:block} {where:=kernel|movable}",
    "{cmd:=unhold}",
    "{cmd:=pinlru} {block:block}",
    "{cmd:=unpin}",
    "{cmd:=grab} {block:block}[ {off:count}]",
    "{cmd:=ungrab}[ {block:block}]",
};

class Compiler {
 public:
  explicit Compiler(std::string_view text) : text_(text) {}

  Sequence Compile() {
    Sequence nodes = Part();
    HOTPLUG_CHECK(at_ == text_.size());
    return nodes;
  }

 private:
  // Up to the end of the template or of a part.
  Sequence Part() {
    Sequence nodes;
    while (at_ < text_.size() && text_[at_] != ']' && text_[at_] != '|') nodes.push_back(Next());
    return nodes;
  }

  Node Next() {
    if (Take(" ")) return {.what = Node::What::kBlank, .text = " "};
    if (Take("{")) return Field();
    if (Take("[+")) return Parts(Node::What::kRepeat);
    if (Take("[")) return Parts(Node::What::kOptional);
    return {.what = Node::What::kLiteral, .text = TakeUpTo(" {[]|")};
  }

  Node Field() {
    Node field{.what = Node::What::kField, .text = TakeUpTo(":")};
    Take(":");
    if (Take("=")) {
      do {
        field.words.push_back(TakeUpTo("|}"));
      } while (Take("|"));
    } else {
      field.lexer = &LexerOf(TakeUpTo("}"));
    }
    HOTPLUG_CHECK(Take("}"));
    return field;
  }

  Node Parts(Node::What what) {
    Node node{.what = what};
    do {
      node.parts.push_back(Part());
    } while (Take("|"));
    HOTPLUG_CHECK(Take("]"));
    return node;
  }

  bool Take(std::string_view literal) {
    if (!text_.substr(at_).starts_with(literal)) return false;
    at_ += literal.size();
    return true;
  }

  std::string TakeUpTo(std::string_view ends) {
    const size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
    const std::string_view taken = text_.substr(at_, end - at_);
    at_ = end;
    return std::string(taken);
  }

  const std::string_view text_;
  size_t at_ = 0;
};

class Grammar {
 public:
  Grammar() {
    for (const Row& row : kRows) Add(row);
    const std::span<const Form> all(forms_);
    for (size_t i = 0; i < all.size(); ++i) {
      Extend(all, i, &of_kind_[all[i].kind]);
      Extend(all, i, &of_word_[all[i].nodes[0].text]);
    }
  }

  std::span<const Form> OfKind(Kind kind) const { return of_kind_.at(kind); }
  std::span<const Form> OfWord(std::string_view word) const {
    const auto found = of_word_.find(word);
    return found == of_word_.end() ? std::span<const Form>() : found->second;
  }

 private:
  void Add(const Row& row) {
    const size_t at = row.text.find(kCommand);
    if (at == std::string_view::npos) {
      forms_.push_back({row.kind, Compiler(row.text).Compile()});
      return;
    }
    for (const std::string_view command : kCommands) {
      const std::string text = std::string(row.text).replace(at, kCommand.size(), command);
      forms_.push_back({row.kind, Compiler(text).Compile()});
    }
  }

  static void Extend(std::span<const Form> all, size_t i, std::span<const Form>* group) {
    const size_t size = group->size();
    HOTPLUG_CHECK(size == 0 || group->data() + size == all.data() + i);
    *group = all.subspan(i - size, size + 1);
  }

  std::vector<Form> forms_;
  std::map<Kind, std::span<const Form>> of_kind_;
  std::map<std::string_view, std::span<const Form>> of_word_;
};

// Names of fields point into it.
const Grammar& TheGrammar() {
  static const Grammar grammar;
  return grammar;
}

// Whether the word stands there, and nothing that makes it a longer one.
bool HasWord(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  const char next = text.size() == word.size() ? ' ' : text[word.size()];
  return !IsWordChar(next) && next != '-' && next != '.';
}

void CollectWords(const Sequence& nodes, std::string_view field, std::vector<std::string>* words) {
  for (const Node& node : nodes) {
    if (node.text == field) words->insert(words->end(), node.words.begin(), node.words.end());
    for (const Sequence& part : node.parts) CollectWords(part, field, words);
  }
}

}  // namespace

std::span<const Form> FormsOf(Kind kind) { return TheGrammar().OfKind(kind); }
std::span<const Form> FormsOf(std::string_view word) { return TheGrammar().OfWord(word); }

size_t ReadValue(const Node& field, std::string_view text, int64_t* number) {
  if (field.lexer != nullptr) return field.lexer->read(text, number);
  for (const std::string& word : field.words) {
    if (HasWord(text, word)) return word.size();
  }
  return kNoValue;
}

std::vector<std::string> WordsOf(Kind kind, std::string_view field) {
  std::vector<std::string> words;
  for (const Form& form : FormsOf(kind)) CollectWords(form.nodes, field, &words);
  return words;
}

const char* KindName(Kind kind) { return FormsOf(kind).front().nodes[0].text.c_str(); }

}  // namespace hotplug::recording
