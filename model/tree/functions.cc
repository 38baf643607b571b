// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/functions.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "model/sim/check.h"

namespace hotplug::tree {

namespace {

// What the compilers leave: five instructions of a byte each, or one.
constexpr std::array<unsigned char, WORLD_ENTRY_BYTES> kRoom[] = {
    {0x90, 0x90, 0x90, 0x90, 0x90}, {0x0f, 0x1f, 0x44, 0x00, 0x00}, {0x0f, 0x1f, 0x44, 0x00, 0x08}};

bool HasRoom(const unsigned char* at) {
  return std::any_of(std::begin(kRoom), std::end(kRoom), [at](const auto& room) {
    return std::memcmp(at, room.data(), room.size()) == 0;
  });
}

void WriteCall(unsigned char* at, const char* target) {
  const auto behind = reinterpret_cast<intptr_t>(at) + WORLD_ENTRY_BYTES;
  const auto distance = static_cast<int32_t>(reinterpret_cast<intptr_t>(target) - behind);
  at[0] = 0xe8;
  std::memcpy(at + 1, &distance, sizeof(distance));
}

// A compiler that makes a function of its own from another one gives it a suffix.
std::string_view Stem(std::string_view name) { return name.substr(0, name.find('.')); }

uint16_t RowOf(std::string_view name, std::span<const char* const> names) {
  for (size_t row = 0; row < names.size(); ++row) {
    if (name == names[row]) return static_cast<uint16_t>(row);
  }
  return Functions::kNoRow;
}

const Watcher* WatcherOf(std::string_view name, std::span<const Watcher> watchers) {
  for (const Watcher& w : watchers) {
    if (name == w.name) return &w;
  }
  return nullptr;
}

}  // namespace

void Functions::Tell(const Image& image, const FunctionNames& names,
                     std::span<const Watcher> watchers) {
  anchored_ = names.anchored;
  for (const auto& [address, symbol] : image.symbols()) {
    if (!image.InText(address)) continue;
    const std::string_view name = Stem(symbol.name);
    const Function f{symbol.address, RowOf(name, names.names), WatcherOf(name, watchers)};
    const bool wanted = f.row != kNoRow || f.watcher != nullptr;
    const bool known = !functions_.empty() && functions_.back().address == f.address;
    if (!wanted || known || !HasRoom(reinterpret_cast<const unsigned char*>(address))) continue;
    functions_.push_back(f);
  }
  complete_ = std::all_of(watchers.begin(), watchers.end(), [this](const Watcher& w) {
    return std::any_of(functions_.begin(), functions_.end(),
                       [&w](const Function& f) { return f.watcher == &w; });
  });
  const world_exports& kernel = image.exports();
  auto* text = const_cast<char*>(kernel.text);
  const auto size = static_cast<size_t>(kernel.text_end - kernel.text);
  HOTPLUG_CHECK(mprotect(text, size, PROT_READ | PROT_WRITE) == 0);
  for (const Function& f : functions_) {
    WriteCall(reinterpret_cast<unsigned char*>(uintptr_t{f.address}), kernel.function_entry);
  }
  HOTPLUG_CHECK(mprotect(text, size, PROT_READ | PROT_EXEC) == 0);
}

uint32_t Functions::IndexOf(const void* address) const {
  const auto at = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(address));
  const auto found =
      std::lower_bound(functions_.begin(), functions_.end(), at,
                       [](const Function& f, uint32_t value) { return f.address < value; });
  return static_cast<uint32_t>(found - functions_.begin());
}

}  // namespace hotplug::tree
