// SPDX-License-Identifier: GPL-2.0-or-later
//
// The memory notifiers of C code: each has a notifier block of mm beside its own.
#include <algorithm>

#include "model/mm/notifier.h"
#include "model/mm/tracepoints.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

Notifier* Find(const ::notifier_block* c) {
  for (Notifier& n : state().notifiers) {
    if (n.c == c) return &n;
  }
  return nullptr;
}

int Register(::notifier_block* c, const char* function) {
  if (Notifier* twice = Find(c)) return mm::register_memory_notifier(twice->nb);
  Notifier* n = Find(nullptr);
  if (n == nullptr) EndNotSimulated("one more notifier", function);
  n->c = c;
  n->nb = mm::notifier_block{};
  n->nb.priority = c->priority;
  n->nb.notifier_call = mm::kDriverCall;
  n->nb.name = mm::kDriverName;
  n->nb.data = static_cast<uint16_t>(n - state().notifiers.data());
  return mm::register_memory_notifier(n->nb);
}

int NotifierCall(const hotplug_site* at, ::notifier_block* c, int registers) {
  Enter(at, Context::kSleeps);
  if (registers != 0) {
    CheckObject(c, at->function);
    Inside::NameCallback(reinterpret_cast<uintptr_t>(c->notifier_call));
    return Register(c, at->function);
  }
  Notifier* n = Find(c);
  if (n == nullptr) {
    sim::sched_point(mm::kTpUnregister, mm::kDriverName, static_cast<uint32_t>(-ENOENT));
    return -ENOENT;
  }
  const int rc = mm::unregister_memory_notifier(n->nb);
  n->c = nullptr;
  return rc;
}

}  // namespace

int32_t Notify(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg) {
  ::notifier_block* c = state().notifiers[nb.data].c;
  ::memory_notify notify{arg.start_pfn.v, arg.nr_pages, arg.status_change_nid_normal, -1,
                         arg.status_change_nid};
  const uint16_t outer = sim::current().call;
  const int32_t answer = c->notifier_call(c, action, &notify);
  sim::current().call = outer;
  return answer;
}

bool RegisteredWithin(uintptr_t begin, uintptr_t end) {
  const auto& all = state().notifiers;
  return std::any_of(all.begin(), all.end(), [begin, end](const Notifier& n) {
    return n.c != nullptr && reinterpret_cast<uintptr_t>(n.c) - begin < end - begin;
  });
}

void FillNotifiers(hotplug_kernel* k) { k->notifier = &NotifierCall; }

}  // namespace hotplug::shim
