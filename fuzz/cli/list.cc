// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/words.h"
#include "model/mm/kernel.h"
#include "model/scenario/echo.h"
#include "model/scenario/ops.h"
#include "model/scenario/words.h"

namespace hotplug::cli {

namespace {

void Line(const char* name, const char* sentence) { std::printf("%s\t%s\n", name, sentence); }

void ListDrivers() {
  for (uint32_t i = 0; i < drivers::kNrDrivers; ++i) {
    Line(drivers::kDrivers[i]->name, drivers::kDrivers[i]->sentence);
  }
}

void ListKernels() {
  for (uint32_t i = 0; i < mm::kNrKernels; ++i) {
    Line(mm::kKernels[i].name, mm::kKernels[i].sentence);
  }
}

// Each behind a name that it may follow: `rfc_v1+mutex`. The variants of a driver have its fixes.
void ListFixes() {
  const auto list = [](const char* name, const mm::Fixes& fixes) {
    for (uint32_t i = 0; i < fixes.size; ++i) {
      Line(absl::StrCat(name, "+", fixes.list[i].name).c_str(), fixes.list[i].sentence);
    }
  };
  const mm::Fix* listed = nullptr;
  for (uint32_t i = 0; i < drivers::kNrDrivers; ++i) {
    const mm::Fixes& fixes = drivers::kDrivers[i]->fixes;
    if (fixes.list != listed) list(drivers::kDrivers[i]->name, fixes);
    if (fixes.size != 0) listed = fixes.list;
  }
  list(mm::kKernels[0].name, mm::kCoreFixes);
}

void ListInvariants() {
  for (uint32_t i = 0; i < invariants::kNrInvariants; ++i) {
    Line(invariants::kInvariants[i].name, invariants::kInvariants[i].sentence);
  }
}

void ListOperations() {
  for (const scenario::Operation& row : scenario::kOperations) {
    Line(scenario::UsageOf(row.kind).c_str(), row.sentence);
  }
}

// The roles of tasks with what they mostly do, and notifiers. A role is a name: every task may do
// everything.
void ListActors() {
  for (uint32_t role = 0; role < scenario::kRoles; ++role) {
    std::string does;
    for (const scenario::Operation& row : scenario::kOperations) {
      if (row.role != static_cast<scenario::Role>(role)) continue;
      absl::StrAppend(&does, does.empty() ? "" : ", ", row.sentence);
    }
    Line(std::string(scenario::kRoleWords[role]).c_str(), does.c_str());
  }
  Line("notifier",
       "sits on the memory notifier chain, from the start or while a task has it registered, and "
       "answers what the scenario says");
}

// What a preemption can be anchored at, as texts call it.
void ListAnchors() {
  for (const std::string_view lock : scenario::kLockWords) {
    Line(std::string(lock).c_str(), "before, after: a lock that is taken, shared or not");
    Line(absl::StrCat("unlock ", absl::string_view(lock.data(), lock.size())).c_str(),
         "before, after: a lock that is given back");
  }
  for (const std::string_view action : scenario::kActionWords) {
    Line(absl::StrCat(absl::string_view(action.data(), action.size()), " BLOCK NOTIFIER").c_str(),
         "before, after: the call of a notifier, a letter or the driver's callback");
  }
  const scenario::Names names = run::Names();
  for (uint32_t row = 0; row < scenario::NrFunctions(names); ++row) {
    Line(scenario::FunctionName(names, row),
         row < mm::kNrFunctions ? "before, after: a function" : "after: a function");
  }
}

constexpr struct {
  const char* name;
  void (*list)();
} kLists[] = {{"drivers", ListDrivers}, {"kernels", ListKernels},
              {"fixes", ListFixes},     {"invariants", ListInvariants},
              {"actors", ListActors},   {"operations", ListOperations},
              {"anchors", ListAnchors}};

}  // namespace

ExitCode List(const Args& what) {
  for (const auto& row : kLists) {
    if (what[0] != row.name) continue;
    row.list();
    return kAllWell;
  }
  std::vector<std::string> names;
  for (const auto& row : kLists) names.emplace_back(row.name);
  return Complain(absl::StrCat("hotplug-fuzz list: no list of ", EchoName(what[0]), "; there are ",
                               Listed(names)));
}

}  // namespace hotplug::cli
