// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a driver says, and where: texts of a run, by number. Nothing in them is an address.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "model/mm/ledger.h"
#include "model/mm/services.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

constexpr size_t kMaxText = 512;
constexpr uint32_t kNone = UINT32_MAX;

uint32_t Hash(std::string_view text) {
  uint64_t hash = 0;
  for (const char c : text) hash = sim::MixDigest(hash, static_cast<unsigned char>(c));
  return static_cast<uint32_t>(hash);
}

// A format of the kernel, one conversion after the other. What it points to that is no memory of C
// code is passed over, and IsBad() then.
class Formatter {
 public:
  Formatter(const char* format, va_list args, const char* function) : function_(function) {
    va_copy(args_, args);
    p_ = Readable(format, SIZE_MAX) ? format : "";
    // A message has its level before it.
    if (p_[0] == '\001' && p_[1] != '\0') p_ += 2;
  }
  ~Formatter() { va_end(args_); }
  Formatter(const Formatter&) = delete;
  Formatter& operator=(const Formatter&) = delete;

  std::string Format() {
    std::string out;
    while (*p_ != '\0') {
      const size_t plain = std::strcspn(p_, "%");
      out.append(p_, plain);
      p_ += plain;
      if (*p_ == '%') out += Conversion();
    }
    return out;
  }
  bool IsBad() const { return is_bad_; }

 private:
  std::string Conversion() {
    std::string spec(1, *p_++);
    while (std::strchr("-+ #0123456789.*", *p_) != nullptr && *p_ != '\0') {
      spec += *p_ == '*' ? std::to_string(va_arg(args_, int)) : std::string(1, *p_);
      ++p_;
    }
    uint32_t longs = 0;
    while (*p_ != '\0' && std::strchr("hlLzt", *p_) != nullptr) {
      if (*p_ != 'h') longs = 1;
      ++p_;
    }
    const char kind = *p_;
    if (kind == '\0') return spec;
    ++p_;
    if (kind == '%') return "%";
    if (kind == 's') return String(spec + "s");
    if (kind == 'p') return Pointer();
    if (kind == 'c') return Print(spec + "c", va_arg(args_, int));
    if (std::strchr("di", kind) != nullptr) {
      return Print(spec + "lld", longs != 0 ? va_arg(args_, long long) : va_arg(args_, int));
    }
    if (std::strchr("uxXo", kind) == nullptr) return spec + kind;
    return Print(spec + "ll" + kind,
                 longs != 0 ? va_arg(args_, unsigned long long) : va_arg(args_, unsigned int));
  }

  std::string String(const std::string& spec) {
    const char* s = va_arg(args_, const char*);
    if (s == nullptr) return Print(spec, "(null)");
    const size_t point = spec.find('.');
    const size_t most = point == spec.npos ? SIZE_MAX : std::strtoul(&spec[point + 1], nullptr, 10);
    return Readable(s, most) ? Print(spec, s) : "(efault)";
  }

  // Whether the kernel may read a string of at most so many bytes.
  bool Readable(const char* s, size_t most) {
    const size_t reach = std::min(most, ReadableFrom(reinterpret_cast<uintptr_t>(s)));
    const size_t length = strnlen(s, reach);
    if (length == reach && reach != most) {
      is_bad_ = true;
      return false;
    }
    CheckHeap(reinterpret_cast<uintptr_t>(s), std::min(length + 1, most), function_);
    return true;
  }

  // The kernel's extensions stand behind the p. Nothing prints an address.
  std::string Pointer() {
    const void* value = va_arg(args_, const void*);
    const char kind = *p_;
    while ((*p_ >= 'a' && *p_ <= 'z') || (*p_ >= 'A' && *p_ <= 'Z')) ++p_;
    if (kind == 'a' && value != nullptr) {
      if (ReadableFrom(reinterpret_cast<uintptr_t>(value)) < sizeof(unsigned long long)) {
        is_bad_ = true;
        return "(efault)";
      }
      return Print("0x%016llx", *static_cast<const unsigned long long*>(value));
    }
    if (kind == 'e') return Print("%ld", reinterpret_cast<intptr_t>(value));
    if (kind == 's' || kind == 'S') {
      return Inside::FunctionAt(reinterpret_cast<uintptr_t>(value));
    }
    return value == nullptr ? "(null)" : "(____ptrval____)";
  }

  template <class T>
  static std::string Print(const std::string& spec, T value) {
    std::array<char, kMaxText> text;
    const int n = std::snprintf(text.data(), text.size(), spec.c_str(), value);
    return {text.data(), std::min(static_cast<size_t>(std::max(n, 0)), text.size() - 1)};
  }

  const char* p_;
  const char* function_;
  va_list args_;
  bool is_bad_ = false;
};

// Nothing that has to be destroyed may be alive.
[[noreturn]] void BadPointer(const char* function) {
  Oops("Unable to handle kernel paging request", function);
}

// A message without its level and its line feed: its number, or kNone.
uint32_t Message(const hotplug_site* at, const char* format, va_list args) {
  Formatter formatter(format, args, at->function);
  std::string text = formatter.Format();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return formatter.IsBad() ? kNone : Inside::Text(std::move(text));
}

void Log(const hotplug_site* at, const char* format, va_list args) {
  Enter(at, Context::kAny);
  const uint32_t text = Message(at, format, args);
  if (text == kNone) BadPointer(at->function);
  sim::sched_point(kTpPrintk, text, Hash(Inside::TextOf(text)));
}

std::string Place(const hotplug_site* at) {
  return Base(at->file) + (":" + std::to_string(at->line));
}

[[noreturn]] void Bug(const hotplug_site* at, const char* condition) {
  const char* space = condition[0] != '\0' ? " " : "";
  const uint32_t text = Inside::Text("kernel BUG at " + Place(at) + "!" + space + condition);
  Inside::Blame(at->function);
  mm::Report(mm::KernelReport::kBug, mm::Pfn{mm::kNoPfn}, false);
  sim::dead(kTpBug, text);
}

void Warn(const hotplug_site* at, const char* condition) {
  Inside::Blame(at->function);
  mm::Report(mm::KernelReport::kWarn, mm::Pfn{mm::kNoPfn}, false);
  const uint32_t text = Inside::Text("WARNING: at " + Place(at) + " " + condition);
  sim::sched_point(kTpWarn, text);
}

}  // namespace

std::string Base(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

int FormatKernel(char* to, size_t size, const char* format, va_list args, uintptr_t pc) {
  const char* function = Inside::FunctionAt(pc);
  int length = 0;
  bool bad = false;
  {
    Formatter formatter(format, args, function);
    const std::string text = formatter.Format();
    length = static_cast<int>(text.size());
    bad = formatter.IsBad();
    if (!bad && size != 0) {
      const size_t n = std::min(text.size(), size - 1);
      Access(reinterpret_cast<uintptr_t>(to), n + 1, 1, pc);
      std::memcpy(to, text.data(), n);
      to[n] = '\0';
    }
  }
  if (bad) BadPointer(function);
  return length;
}

uint32_t Inside::Text(std::string text) {
  Module& m = module();
  m.texts_.push_back(std::move(text));
  return static_cast<uint32_t>(m.sites_.size() + m.texts_.size() - 1);
}

uint32_t Inside::SiteText(const hotplug_site* at) {
  const Module& m = module();
  return m.ranks_[static_cast<size_t>(at - m.image_.module.sites)];
}

const char* Inside::TextOf(uint32_t number) {
  const Module& m = module();
  if (number == kCulprit) return m.culprit_.c_str();
  if (number >= kFunctionOf) return m.functions_[number - kFunctionOf].c_str();
  if (number >= kNameOfLock) return m.lock_names_[number - kNameOfLock - mm::kLockClasses].c_str();
  if (number < m.sites_.size()) return m.sites_[number].c_str();
  const size_t i = number - m.sites_.size();
  return i < m.texts_.size() ? m.texts_[i].c_str() : "?";
}

void Inside::Blame(const std::string& function) {
  Module& m = module();
  if (m.culprit_.empty()) m.culprit_ = Base(m.image_.name.c_str()) + (":" + function);
}

namespace {

void CheckContext(Context context) {
  sim::SimState& s = sim::sim();
  const bool sleeps = context == Context::kSleeps && state().atomic[s.current] != 0;
  if (sleeps && s.lock_fault == sim::LockFault::kNone) s.lock_fault = sim::LockFault::kAtomicSleep;
}

}  // namespace

void Enter(const hotplug_site* at, Context context) {
  CheckContext(context);
  const uint32_t text = Inside::SiteText(at);
  sim::current().call = static_cast<uint16_t>(text + 1);
  sim::record(kTpCall, text, static_cast<uint32_t>(at->line));
}

void EnterLoop(const hotplug_site* at, Context context) {
  if (sim::current().call != Inside::SiteText(at) + 1) Enter(at, context);
}

void EnterStep(const hotplug_site* at, Context context) {
  CheckContext(context);
  const uint32_t text = Inside::SiteText(at);
  sim::current().call = static_cast<uint16_t>(text + 1);
  mm::preempt_point(kTpCall, text, static_cast<uint32_t>(at->line));
}

// Here as at every step: nothing that has to be destroyed may be alive, as a run that ends leaves
// its stacks as they are.
void Oops(const char* what, const char* function) {
  Inside::Blame(function);
  mm::Report(mm::KernelReport::kOops, mm::Pfn{mm::kNoPfn}, false);
  const uint32_t text = Inside::Text(std::string(what) + " in " + function);
  sim::dead(kTpOops, text);
}

void Kasan(const std::string& text, const std::string& function) {
  Inside::Blame(function);
  mm::Report(mm::KernelReport::kOops, mm::Pfn{mm::kNoPfn}, true);
  sim::record(kTpKasan, Inside::Text(text), Hash(text));
}

void SayNotSimulated(const char* what) {
  const uint32_t text =
      Inside::Text(std::string("hotplug-fuzz: ") + what + " is not simulated and fails");
  sim::sched_point(kTpPrintk, text);
}

void EndNotSimulated(const char* what, const char* function) {
  Inside::Blame(function);
  mm::Report(mm::KernelReport::kBug, mm::Pfn{mm::kNoPfn}, false);
  sim::dead(kTpBug, Inside::Text(std::string("hotplug-fuzz: ") + what + " is not simulated"));
}

void FillText(hotplug_kernel* k) {
  k->log = &Log;
  k->format = &FormatKernel;
  k->bug = &Bug;
  k->warn = &Warn;
}

}  // namespace hotplug::shim
