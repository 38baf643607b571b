// SPDX-License-Identifier: GPL-2.0-or-later
//
// compile-tree: a world from whatever tree its user has, of which nothing is touched. What it has
// made is kept in build/cache, so that all but the first build take no time. Trees are farms of
// symbolic links into the one that is unpacked, with files of their own.
#include <elf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "regress/unit/cli.h"
#include "regress/unit/files.h"
#include "regress/unit/kernel_source.h"

namespace hotplug {
namespace {

using testing::Contents;
using testing::KernelTree;

constexpr char kHotplug[] = "mm/memory_hotplug.c";

// hotplug-fuzz compile-tree in a folder of its own.
class Builder {
 public:
  Builder() {
    // Its words are those of gcc, and each file that it compiles is on record.
    cli.Write("cc", "#!/bin/sh\necho \"$@\" >>" + path("calls") + "\nexec gcc \"$@\"\n");
    fs::permissions(path("cc"), fs::perms::owner_all);
  }

  std::string path(const std::string& name) const { return (cli.folder() / name).string(); }

  Result operator()(const std::string& args, const std::string& verb = "compile-tree") const {
    return cli.Shell("XDG_CACHE_HOME='" + fs::absolute("build/cache").string() + "' \"$RUN\" " +
                     verb + " --cc=gcc " + args + " 2>&1 </dev/null");
  }

  // The bytes of the world.
  std::string World(const std::string& tree, const std::string& flags = "") const {
    fs::remove(path("world"));
    fs::remove(path("calls"));
    const Result r = (*this)("--tree='" + tree + "' -o world --cc=./cc " + flags);
    INFO(r.out);
    CHECK(r.out.empty());
    REQUIRE(r.code == 0);
    return cli.Read("world");
  }

  // What the last world had to be compiled for.
  std::set<std::string> Compiled() const {
    std::set<std::string> files;
    std::istringstream calls(cli.Read("calls"));
    for (std::string line; std::getline(calls, line);) {
      const size_t tree = line.rfind(" tree/");
      if (tree != std::string::npos) files.insert(line.substr(tree + 6));
    }
    return files;
  }

  const Cli cli;
};

// ---- Trees ----

// A tree of links to another one, in which folders on the way to a file of its own are real.
class Farm {
 public:
  Farm(const Builder& b, const std::string& of) : of_(of), at_(b.path("farm")) { Link(""); }

  fs::path operator/(const std::string& name) const { return at_ / name; }
  std::string path() const { return at_.string(); }

  // A file of its own with this text.
  void Write(const std::string& name, const std::string& text) const {
    const fs::path parent = fs::path(name).parent_path();
    fs::path folder;
    for (const fs::path& part : parent) {
      folder /= part;
      if (!fs::is_symlink(at_ / folder) && fs::exists(at_ / folder)) continue;
      fs::remove(at_ / folder);
      Link(folder);
    }
    fs::remove(at_ / name);
    std::ofstream(at_ / name, std::ios::binary) << text;
  }
  // A copy of a file with another line before one of its own.
  void Plant(const std::string& name, size_t before, const std::string& line) const {
    std::string text = Contents(of_ / name);
    size_t at = 0;
    for (size_t n = 1; n < before; ++n) at = text.find('\n', at) + 1;
    text.insert(at, line + "\n");
    Write(name, text);
  }

 private:
  void Link(const fs::path& folder) const {
    fs::create_directory(at_ / folder);
    if (!fs::exists(of_ / folder)) return;
    for (const fs::directory_entry& e : fs::directory_iterator(of_ / folder)) {
      fs::create_symlink(e.path(), at_ / folder / e.path().filename());
    }
  }

  fs::path of_;
  fs::path at_;
};

// Everything that a tree consists of, and when anything of it was last changed: nobody can set that
// time.
std::string StateOf(const fs::path& tree) {
  std::map<std::string, std::string> entries;
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(tree)) {
    struct stat s{};
    lstat(e.path().c_str(), &s);
    std::string& entry = entries[e.path().string()];
    for (const auto value : {int64_t{s.st_mode}, int64_t{s.st_size}, int64_t{s.st_mtim.tv_sec},
                             int64_t{s.st_mtim.tv_nsec}, int64_t{s.st_ctim.tv_sec},
                             int64_t{s.st_ctim.tv_nsec}, static_cast<int64_t>(s.st_ino)}) {
      entry += std::to_string(value);
      entry += ' ';
    }
  }
  std::string all;
  for (const auto& [path, entry] : entries) all.append(path).append(" ").append(entry).append("\n");
  return all;
}

// ---- Worlds ----

struct Segment {
  uint64_t address;
  uint64_t size;
  uint32_t flags;
  std::string bytes;
};

std::vector<Segment> SegmentsOf(const std::string& world) {
  Elf64_Ehdr header;
  REQUIRE(world.size() > sizeof(header));
  std::memcpy(&header, world.data(), sizeof(header));
  REQUIRE(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0);
  CHECK(header.e_type == ET_EXEC);
  std::vector<Segment> segments;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr p;
    std::memcpy(&p, world.data() + header.e_phoff + i * sizeof(p), sizeof(p));
    CHECK(p.p_type == PT_LOAD);
    segments.push_back({p.p_vaddr, p.p_memsz, p.p_flags, world.substr(p.p_offset, p.p_filesz)});
  }
  return segments;
}

// Text, constants, absent names, what of the text has run, pointers into the host, state.
void CheckLayout(const std::string& world) {
  const std::vector<Segment> segments = SegmentsOf(world);
  REQUIRE(segments.size() == 6);
  CHECK(segments[0].address == 0x50000000);
  CHECK(segments[0].flags == (PF_R | PF_X));
  CHECK(segments[1].flags == PF_R);
  CHECK(segments[2].address == 0x5c000000);
  CHECK(segments[2].flags == 0);
  CHECK(segments[2].bytes.empty());
  CHECK(segments[2].size % 16384 == 0);
  CHECK(segments[3].address == 0x5e000000);
  CHECK(segments[3].size > 2 * segments[0].size);  // what has run, and a list of it
  CHECK(segments[3].bytes.empty());
  CHECK(segments[4].address == 0x5f000000);
  CHECK(segments[4].size <= 4096);
  CHECK(segments[5].address == 0x60000000);
  for (size_t i = 3; i < 6; ++i) CHECK(segments[i].flags == (PF_R | PF_W));
}

// Of two worlds: all that a process sees of them.
bool SameSegments(const std::string& a, const std::string& b) {
  const std::vector<Segment> x = SegmentsOf(a), y = SegmentsOf(b);
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Segment& s, const Segment& t) {
    return s.address == t.address && s.size == t.size && s.bytes == t.bytes;
  });
}

// ---- Tests ----

TEST_CASE("one command makes a world of a kernel tree", "[tree]") {
  for (const std::string version : {"6.1", "6.12"}) {
    const std::string tree = KernelTree(version);
    if (tree.empty()) continue;
    INFO(version);
    const Builder build;
    const std::string world = build.World(tree);
    CheckLayout(world);
    Has(world, "version=" + version + ".");
    Has(world, "geometry=16 debug_vm=on memmap=vmemmap");
    // Lines are those of the user's files, whose folder is said once. Nothing else is of a place.
    const std::string lines =
        build.cli.Shell("addr2line -f -e world 0x$(nm world | sed -n 's/ T offline_pages$//p')")
            .out;
    Has(lines, "offline_pages\n./mm/memory_hotplug.c:");
    Has(world, std::string("mm/page_alloc.c") + '\0');
    CHECK(world.find(tree) == world.rfind(tree));
    for (const std::string& place :
         {fs::absolute("build/cache").string(),
          fs::temp_directory_path().string() + "/hotplug-fuzz", std::string("/proc/self/cwd")}) {
      INFO(place);
      CHECK(world.find(place) == std::string::npos);
    }
    // A second one is compiled of nothing.
    CHECK(build.World(tree) == world);
    CHECK(build.Compiled().empty());
  }
}

TEST_CASE("a tree in any state makes the same world, and is as before", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const Builder build;
  const std::string world = build.World(tree);
  const Farm farm(build, tree);
  // What a configuration and a build have left: whoever reads any of this stops.
  for (const char* const name :
       {"include/generated/autoconf.h", "include/generated/bounds.h",
        "include/generated/utsrelease.h", "include/generated/uapi/linux/version.h",
        "arch/um/include/generated/asm/topology.h", "arch/x86/include/generated/asm/rwonce.h",
        "arch/x86/include/generated/uapi/asm/unistd_64.h", "scripts/kconfig/parser.tab.h",
        "scripts/kconfig/parser.tab.c", "scripts/kconfig/lexer.lex.c"}) {
    farm.Write(name, "#error of another configuration\n");
  }
  for (const char* const name :
       {".config", "include/config/auto.conf", "include/config/auto.conf.cmd", "vmlinux",
        "mm/page_alloc.o", "scripts/kconfig/conf"}) {
    farm.Write(name, "of another configuration\n");
  }
  // A work tree of git with changes.
  REQUIRE(build.cli
              .Shell("cd farm && git init -q && git add -A 2>/dev/null && "
                     "git -c user.name=a -c user.email=a@b commit -qm a")
              .code == 0);
  farm.Write("mm/extra.c", "int extra;\n");
  farm.Plant("mm/mmzone.c", 1, "/* " + build.path("") + " */");
  // Nobody but root could write there.
  REQUIRE(build.cli.Shell("chmod -R a-w farm").code == 0);

  const std::string before = StateOf(farm.path()), below = StateOf(tree);
  const std::string of_farm = build.World(farm.path());
  CHECK(build.Compiled() == std::set<std::string>{"mm/mmzone.c"});
  CHECK(SameSegments(of_farm, world));
  CHECK(of_farm != world);  // a comment has moved the lines of a file
  CHECK(StateOf(farm.path()) == before);
  CHECK(StateOf(tree) == below);
  REQUIRE(build.cli.Shell("chmod -R u+w farm").code == 0);
}

TEST_CASE("only what depends on a change is compiled again", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const Builder build;
  const std::string world = build.World(tree);
  const Farm farm(build, tree);
  using Files = std::set<std::string>;

  SECTION("of a file") {
    farm.Plant("mm/mmzone.c", 1, "const char planted[] = \"" + build.path("") + "\";");
    const std::string changed = build.World(farm.path());
    CHECK(build.Compiled() == Files{"mm/mmzone.c"});
    Has(changed, build.path("") + '\0');
    // And nothing when it is as it was.
    CHECK(SameSegments(build.World(tree), world));
    CHECK(build.Compiled().empty());
  }
  SECTION("of a header that is found in place of another") {
    farm.Write("arch/um/include/linux/kdebug.h",
               Contents(fs::path(tree) / "include/linux/kdebug.h") +
                   "static const char planted[] __attribute__((used)) = \"" + build.path("") +
                   "\";\n");
    Has(build.World(farm.path()), build.path("") + '\0');
    CHECK(build.Compiled() == Files{"kernel/notifier.c"});
  }
  SECTION("of a file that has changed meanwhile") {
    farm.Write("mm/mmzone.c",
               Contents(fs::path(tree) / "mm/mmzone.c") + "/* " + build.path("") + " */\n");
    const std::string as_written = Contents(farm / "mm/mmzone.c");
    build.cli.Write("cc",
                    "#!/bin/sh\ncase \"$*\" in *tree/mm/mmzone.c) echo 'const char planted[] = "
                    "\"meanwhile\";' >>" +
                        build.path("farm/mm/mmzone.c") + ";; esac\nexec gcc \"$@\"\n");
    CHECK(build.World(farm.path()).find("meanwhile") != std::string::npos);
    // As it was before, it is not taken for what was compiled in its name.
    farm.Write("mm/mmzone.c", as_written);
    CHECK(build.World(farm.path(), "--cc=gcc").find("meanwhile") == std::string::npos);
  }
}

TEST_CASE("what compile-tree refuses, it says in a line", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const Builder build;
  const Farm farm(build, tree);
  const auto refuses = [&build](const std::string& args, const std::string& message) {
    INFO(args);
    const Result r = build(args);
    CHECK(r.code == 2);
    CHECK(r.out == message + "\n");
    CHECK(!build.cli.Exists("world"));
  };
  const std::string wants = "--tree=farm -o world";

  refuses("-o world", "--tree=DIR is missing");
  refuses("--tree=farm", "-o OUT is missing");
  refuses("--tree=nowhere -o world", "nowhere: No such file or directory");
  fs::create_directory(build.path("none"));
  refuses("--tree=none -o world", "none: is no kernel tree: there is no Makefile");
  refuses(wants + " --geometry=17", "--geometry=17: there are only 16, 64, recorded");
  refuses(wants + " --debug-vm=y", "--debug-vm=y: there are only on, off");
  refuses(wants + " --memmap=flat", "--memmap=flat: there are only vmemmap, classic");
  refuses(wants + " --cc=none/cc",
          "--cc=" + build.path("none") + "/cc: is not there, or does not run");
  build.cli.Write("fragment", "# more\nCONFIG_KSM y\n");
  refuses(wants + " --config=fragment", "fragment:2:11: expected CONFIG_NAME=VALUE");
  build.cli.Write("fragment", "CONFIG_SMP=y\n");
  refuses(wants + " --config=fragment",
          "fragment:1: CONFIG_SMP=y is not granted: the tree's Kconfig makes it n");

  // Nothing is written into the tree, by whatever name it is called.
  farm.Write("mm/mine.c", "");
  fs::create_directory_symlink("farm", build.path("link"));
  for (const std::string out : {"farm/world", "farm/mm/../world", "link/mm/new/world"}) {
    refuses("--tree=farm/ -o " + out, "-o " + out + ": lies in the tree, where nothing is written");
  }
  const std::string out =
      build.cli.Shell("TMPDIR=farm \"$RUN\" compile-tree --tree=farm -o world 2>&1").out;
  CHECK(out == "TMPDIR=farm: lies in the tree, where nothing is written\n");
  const std::string cache = build.path("farm");
  Has(build.cli
          .Shell("XDG_CACHE_HOME=" + cache + " \"$RUN\" compile-tree --tree=farm -o world 2>&1")
          .out,
      "lies in the tree, where nothing is written\n");
  CHECK(!fs::exists(farm / "hotplug-fuzz"));

  SECTION("a version that there is no glue for") {
    std::string makefile = Contents(farm / "Makefile");
    const size_t at = makefile.find("PATCHLEVEL = 1\n");
    REQUIRE(at != std::string::npos);
    farm.Write("Makefile", makefile.replace(at, 15, "PATCHLEVEL = 4\n"));
    const Result r = build(wants);
    CHECK(r.code == 2);
    Begins(r.out, "farm: is Linux 6.4.");
    Has(r.out, ", and worlds are made of 6.1 and 6.12\n");
  }
  SECTION("a line that does not compile") {
    farm.Plant(kHotplug, 83, "int broken(void) { return missing; } /* */");
    const Result r = build(wants);
    CHECK(r.code == 2);
    Begins(r.out, std::string("farm/") + kHotplug + ":83:27: error: 'missing' undeclared");
    CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1);
  }
  SECTION("a line that Kconfig does not understand") {
    farm.Plant("mm/Kconfig", 2, "nonsense");
    const Result r = build(wants);
    CHECK(r.code == 2);
    Has(r.out, "farm/mm/Kconfig:2: ");
  }
  SECTION("a header of another configuration") {
    farm.Write("include/generated/autoconf.h", "");
    farm.Plant("mm/mmzone.c", 1, "#include \"../include/generated/autoconf.h\"");
    refuses(wants,
            "farm/mm/mmzone.c: includes farm/mm/../include/generated/autoconf.h, which is of "
            "another configuration");
  }
  SECTION("a definition that would be replaced and is not there") {
    std::string header = Contents(farm / "include/linux/mmzone.h");
    header.replace(header.find("#define SUBSECTION_SHIFT"), 8, "#define  ");
    farm.Write("include/linux/mmzone.h", header);
    refuses(wants,
            "farm/include/linux/mmzone.h: expected a definition that begins with \"#define "
            "SUBSECTION_SHIFT\"");
  }
}

TEST_CASE("coverage says which lines of a tree have run", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const Builder build;
  const std::string run =
      fs::absolute("regress/worlds/offline-online.scn").string() + " --tree='" + tree + "' ";
  const Result some = build(run + "--functions=offline_pages,walk_memory_blocks", "coverage");
  CHECK(some.code == 0);
  Begins(some.out, "File '" + tree + "/drivers/base/memory.c'\nLines executed: ");
  Has(some.out, "File '" + tree + "/mm/memory_hotplug.c'\nLines executed: ");
  // It goes offline; nobody refuses, and nobody is killed.
  Has(some.out, ":\t\treason = \"failure to isolate range\";\n");
  Has(some.out, ":\t\t\t\treason = \"signal backoff\";\n");
  CHECK(some.out.find("node_states_clear_node(node, &arg);") == std::string::npos);
  CHECK(some.out.find("  undo_isolate_page_range\n") == std::string::npos);
  // Without names there is a table, and no line of the source.
  const Result all = build(run, "coverage");
  CHECK(all.code == 0);
  Has(all.out, "  offline_pages\n");
  Has(all.out, "File '" + tree + "/lib/xarray.c'\n");
  CHECK(all.out.find("#####") == std::string::npos);
  CHECK(all.out.find("/include/") == std::string::npos);
  CHECK(build("x.scn", "coverage").out == "--driver=FILE.c or --tree=DIR is missing\n");
}

TEST_CASE("the configuration of a world", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const Builder build;
  build.cli.Write("fragment", "CONFIG_PAGE_EXTENSION=n\nCONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE=y\n");
  const Result r = build("--tree='" + tree + "' --show-config --config=fragment");
  CHECK(r.code == 0);
  for (const char* const line : {"MEMORY_HOTREMOVE=y", "NUMA=y", "SPARSEMEM_VMEMMAP=y",
                                 "DEBUG_VM=y", "MEMORY_HOTPLUG_DEFAULT_ONLINE=y"}) {
    Has(r.out, std::string("\nCONFIG_") + line + "\n");
  }
  // Each choice is a symbol.
  const Result classic =
      build("--tree='" + tree + "' --show-config --memmap=classic --geometry=64");
  Has(classic.out, "\n# CONFIG_SPARSEMEM_VMEMMAP is not set\n");
  Has(classic.out, "\nCONFIG_ARCH_FORCE_MAX_ORDER=5\n");
}

}  // namespace
}  // namespace hotplug
