// SPDX-License-Identifier: GPL-2.0-or-later
//
// Probes: notifiers that show each of their calls and answer what they were told to; and the
// kernel's own, of which only that of the error injection module ever refuses anything.
#include "fuzz/fidelity/instrument/state.h"

namespace hotplug::instrument {

namespace {

// True if the rule is for this call, which it counts.
bool Applies(Rule& rule, uint32_t action, uint32_t block) {
  if (rule.action != action) return false;
  if (rule.block != kAny && rule.block != block) return false;
  ++rule.calls;
  return rule.nth == 0 || rule.nth == rule.calls;
}

int32_t Inject(uint32_t action) {
  const int32_t error = InjectedError(action);
  if (error != 0) sim::record(kTpInjecting, static_cast<uint32_t>(error), action);
  return mm::notifier_from_errno(error);
}

// One uninterruptible sleep. How long it takes is up to whoever drives the task.
void FallAsleep(uint32_t name, uint32_t action, uint32_t ms) {
  sim::sched_point(kTpProbeSleep, name, action, ms);
  sim::sleep_ticks(sim::Ticks{ms}, false);
  sim::sched_point(kTpProbeWake, name);
}

}  // namespace

void ShowEvent(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg,
               int32_t answer, int32_t going_offline) {
  const Notifier& n = state().notifiers[nb.name];
  Event& e = state().processes[sim::current_task().v].event;
  e = Event{};
  e.notifier = nb.name;
  e.action = action;
  e.start_pfn = arg.start_pfn.v;
  e.nr_pages = arg.nr_pages;
  e.status_change_nid = arg.status_change_nid;
  e.status_change_nid_normal = arg.status_change_nid_normal;
  e.going_offline_before = going_offline;
  e.priority = nb.priority;
  e.answer = static_cast<uint32_t>(answer);
  e.pages_at = (n.pages_at & action) != 0;
  e.zones_at = (n.zones_at & action) != 0;
  sim::sched_point(kTpEvent, nb.name);
}

int32_t ProbeCall(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg) {
  Notifier& n = state().notifiers[nb.data];
  if (n.kind == Kind::kInjector) return Inject(action);
  if (n.kind == Kind::kKernel) return mm::NOTIFY_OK;
  // All is decided at entry: rules may change while the event is being shown.
  const uint32_t block = mm::BlockOf(arg.start_pfn).v;
  const int32_t answer = Applies(n.answer, action, block) ? n.answer.value : mm::NOTIFY_OK;
  const bool sleeps = Applies(n.sleep, action, block);
  const uint32_t ms = static_cast<uint32_t>(n.sleep.value);
  ShowEvent(nb, action, arg, answer, -1);
  if (sleeps) FallAsleep(nb.name, action, ms);
  return answer;
}

// ---- Commands ----

namespace {

// The registered probe of a name; null if there is none.
Notifier* FindProbe(uint32_t name) {
  if (name >= state().nr_names) return nullptr;
  Notifier& n = state().notifiers[name];
  return n.kind == Kind::kProbe && n.registered != 0 ? &n : nullptr;
}

bool IsAction(uint32_t action) {
  return action != 0 && action <= mm::MEM_CANCEL_OFFLINE && (action & (action - 1)) == 0;
}

void Forget(Notifier& n) {
  n.answer = n.sleep = Rule{};
  n.pages_at = n.zones_at = 0;
}

int SetRule(const Work& w, Rule Notifier::* rule, int32_t value, uint32_t nth) {
  Notifier* n = FindProbe(w.notifier);
  if (n == nullptr || !IsAction(w.action)) return -EINVAL;
  n->*rule = Rule{w.action, w.block, nth, 0, value};
  return 0;
}

int AddAction(const Work& w, uint8_t Notifier::* actions) {
  Notifier* n = FindProbe(w.notifier);
  if (n == nullptr || !IsAction(w.action)) return -EINVAL;
  n->*actions |= static_cast<uint8_t>(w.action);
  return 0;
}

// Waits while an event is being delivered, to which the rules still apply.
int Unregister(Notifier& n) {
  const int rc = mm::unregister_memory_notifier(n.nb);
  if (rc != 0) return rc;
  n.registered = 0;
  Forget(n);
  return 0;
}

}  // namespace

int Reg(const Work& w) {
  if (w.notifier <= kFixName || w.notifier >= state().nr_names) return -EINVAL;
  Notifier& n = state().notifiers[w.notifier];
  if (n.kind != Kind::kUnused && n.kind != Kind::kProbe) return -EINVAL;
  // Registered already, be it by a process that has not returned yet: the kernel is asked all the
  // same, and nothing changes.
  if (!mm::IsRegistered(n.nb)) {
    n.kind = Kind::kProbe;
    n.nb.priority = static_cast<int32_t>(w.value);
    n.nb.notifier_call = mm::kProbeCall;
    n.nb.data = n.nb.name = static_cast<uint16_t>(w.notifier);
  }
  const int rc = mm::register_memory_notifier(n.nb);
  if (rc == 0) n.registered = 1;
  return rc;
}

int Unreg(const Work& w) {
  Notifier* n = FindProbe(w.notifier);
  return n == nullptr ? -ENOENT : Unregister(*n);
}

int Unregall(const Work&) {
  for (uint32_t name = 0; name < state().nr_names; ++name) {
    Notifier* n = FindProbe(name);
    if (n != nullptr) Unregister(*n);
  }
  return 0;
}

int Nack(const Work& w) {
  if (w.value < 0 || w.value > 4095) return -EINVAL;
  const int32_t answer = mm::notifier_from_errno(-static_cast<int>(w.value));
  return SetRule(w, &Notifier::answer, answer, w.nth);
}

int Raw(const Work& w) {
  return SetRule(w, &Notifier::answer, static_cast<int32_t>(w.value), w.nth);
}

int Sleep(const Work& w) {
  if (w.value < 0 || w.value > INT32_MAX) return -EINVAL;
  return SetRule(w, &Notifier::sleep, static_cast<int32_t>(w.value), 0);
}

int Pagesat(const Work& w) { return AddAction(w, &Notifier::pages_at); }
int Zonesat(const Work& w) { return AddAction(w, &Notifier::zones_at); }

int Clear(const Work& w) {
  Notifier* n = FindProbe(w.notifier);
  if (n == nullptr) return -EINVAL;
  Forget(*n);
  return 0;
}

}  // namespace hotplug::instrument
