// SPDX-License-Identifier: GPL-2.0-or-later
//
// Drivers' own files on the core of a tree. Method: files as people have them, memtrace.c of each
// kernel, the RFC's, and small ones with a misdeed each, are run by the command line. Goal: what a
// file does to the kernel is what the kernel says; and each file that cannot be run has one clear
// complaint. What has been compiled is kept in build/cache.
#include <string>

#include "absl/strings/str_cat.h"
#include "regress/unit/cli.h"
#include "regress/unit/kernel_source.h"

namespace hotplug {
namespace {

using testing::KernelTree;

const std::string kRfcFile = fs::absolute("regress/drivers/memtrace_rfc.c").string();

constexpr char kTreeBlocks[] =
    "scenario 1\n"
    "driver merged\n"
    "machine kernel=6.1 debug_vm=on auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-7 node=0 zone=Normal\n";

std::string Crash(const std::string& name) {
  return fs::absolute("regress/crashes/" + name + ".scn").string();
}

// hotplug-fuzz with a file on a tree, in a folder of its own.
class OnTree {
 public:
  explicit OnTree(std::string tree) : tree_(std::move(tree)) {}
  const std::string& tree() const { return tree_; }

  Result operator()(const std::string& args, const std::string& driver,
                    const std::string& verb = "run") const {
    return cli.Shell(absl::StrCat("XDG_CACHE_HOME='", fs::absolute("build/cache").string(),
                                  "' \"$RUN\" ", verb, " --cc=gcc --tree='", tree_, "' --driver='",
                                  driver, "' ", args, " 2>&1 </dev/null"));
  }
  // Writes to the file of a driver that has this body of it.
  Result Set(const std::string& body, const std::string& args = "") const {
    cli.Write("d.c",
              "#include <linux/debugfs.h>\n#include <linux/io.h>\n#include "
              "<linux/memory.h>\n#include <linux/mm.h>\n"
              "#include <linux/module.h>\n#include <linux/slab.h>\n"
              "static int number = 1;\nmodule_param(number, int, 0);\n"
              "extern int nobody_has_it(int);\n"
              "static int call(struct notifier_block *nb, unsigned long a, void *d)\n"
              "{\n\treturn NOTIFY_OK;\n}\n"
              "static int set(void *data, u64 val)\n{\n" +
                  body +
                  "\treturn 0;\n}\n"
                  "DEFINE_SIMPLE_ATTRIBUTE(fops, NULL, set, \"%llu\\n\");\n"
                  "static int init(void)\n{\n"
                  "\tdebugfs_create_file(\"file\", 0600, NULL, NULL, &fops);\n\treturn 0;\n}\n"
                  "module_init(init);\n");
    cli.Write("one.scn",
              std::string(kTreeBlocks) + "task memtrace-1\n  write memtrace/enable 0x10000000\n");
    return (*this)("--trace --verify one.scn " + args, "d.c");
  }

  const Cli cli;

 private:
  std::string tree_;
};

// On the tree of each version that a package has.
template <class F>
void OnEachTree(F f) {
  for (const std::string version : {"6.1", "6.12"}) {
    INFO(version);
    const std::string tree = KernelTree(version);
    if (!tree.empty()) f(OnTree(tree));
  }
}

TEST_CASE("memtrace.c of each kernel reserves memory and gives it back", "[tree]") {
  OnEachTree([](const OnTree& run) {
    run.cli.Write("s.scn", std::string(kTreeBlocks) +
                               "task memtrace-1\n"
                               "  write memtrace/enable 0x20000000\n"
                               "  read memtrace/enable\n"
                               "  read memtrace/00000000/trace\n"
                               "  write memtrace/enable 1\n"
                               "  write memtrace/enable 0\n"
                               "  read memtrace/00000000/trace\n");
    const std::string file = run.tree() + "/arch/powerpc/platforms/powernv/memtrace.c";
    const Result r = run("--trace --verify s.scn", file);
    CHECK(r.code == 0);
    Has(r.out, "printk: memtrace: Allocated trace memory on node 0 at 0x0000000000040000\n");
    Has(r.out, "write: memtrace/enable = 0\n");
    Has(r.out, "read: memtrace/enable = 2 blocks\n");
    Has(r.out, "simple_read_from_buffer: pfn=0x40");
    Has(r.out, "printk: memtrace: Value must be aligned with 0x10000\n");
    Has(r.out, "write: memtrace/enable = -EINVAL\n");
    Has(r.out, "printk: memtrace: Freed trace memory back on node 0\n");
    Has(r.out, "open: trace of node 0 = -ENOENT\n");

    // H-09: it gives back what user space has mapped.
    run.cli.Write("m.scn", std::string(kTreeBlocks) +
                               "task memtrace-1\n"
                               "  write memtrace/enable 0x20000000\n"
                               "  mmap memtrace/00000000/trace\n"
                               "  write memtrace/enable 0\n");
    const Result mapped = run("--trace --verify m.scn", file);
    CHECK(mapped.code == 1);
    Has(mapped.out, " invariant=I19 ");
    Has(mapped.out, "remap_pfn_range: pfn=0x40 nr=16");
    Has(mapped.out, "mmap: trace of node 0 = 0\n");
  });
}

// M-02: the flag of the first block stays set, and who has never been told that the second one goes
// offline takes references that it never dropped.
TEST_CASE("the RFC's stale flag breaks I1 on the kernel's own core", "[tree]") {
  OnEachTree([](const OnTree& run) {
    const std::string args = "--trace --verify " + Crash("stale-flag");
    const Result found = run(args, kRfcFile);
    CHECK(found.code == 1);
    Has(found.out, " invariant=I1 ");
    Has(found.out, "MEM_GOING_OFFLINE memory5 A = notifier_from_errno(-EBUSY)");
    Has(found.out, "MEM_CANCEL_OFFLINE memory5 memtrace_memory_notifier_cb = NOTIFY_OK");
    const Result report = run(Crash("stale-flag"), kRfcFile, "explain");
    Has(report.out, "take_block (memtrace_rfc.c:");
    CHECK(report.out.find("world_function") == std::string::npos);
    Has(report.out, "offline_pages (mm/memory_hotplug.c:");
    const Result cured = run(args + " --define=FIX_CLEAR_FLAG", kRfcFile);
    CHECK(cured.code == 0);
    Has(cured.out, "__ClearPageOffline: pfn=0x50-0x5f count=1 ");
    CHECK(cured.out.find("WARNING") == std::string::npos);
  });
}

// H-06: nothing says that somebody has the memory.
TEST_CASE("what a driver has taken may be added by others, unless it is reserved", "[tree]") {
  OnEachTree([](const OnTree& run) {
    run.cli.Write("s.scn", std::string(kTreeBlocks) +
                               "task memtrace-1\n"
                               "  write memtrace/enable 0x10000000\n"
                               "task user-2\n"
                               "  write memory/probe 0x40000000\n"
                               "  read memtrace/00000000/trace\n");
    Has(run("--print-expect s.scn", kRfcFile).out,
        "verdict violation I19/simple_read_from_buffer@");
    const Result reserved = run("--print-expect --define=FIX_CLEAR,FIX_RESERVE s.scn", kRfcFile);
    Has(reserved.out, "verdict ok");
    Has(reserved.out, "write memory/probe 0x40000000 = -EEXIST");
  });
}

// U-01: since 6.11 offlining leaves pages of type Offline out of what it subtracts.
TEST_CASE("the RFC's pages stay managed on 6.12, and on 6.1 they do not", "[tree]") {
  OnEachTree([](const OnTree& run) {
    run.cli.Write("s.scn", std::string(kTreeBlocks) +
                               "task memtrace-1\n  write memtrace/enable 0x10000000\n");
    const std::string out = run("--print-expect --define=KEEP_MANAGED s.scn", kRfcFile).out;
    const bool is_6_1 = run.tree() == KernelTree("6.1");
    Has(out, is_6_1 ? "verdict ok" : "verdict violation I11/");
  });
}

TEST_CASE("what a driver does to the kernel is told on a tree", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const OnTree run(tree);
  const struct {
    const char* body;
    int code;
    const char* says;
  } kBodies[] = {
      {"\tchar *p = kmalloc(16, GFP_KERNEL);\n\tp[16] = 1;\n\tkfree(p);\n", 1, "invariant=K2"},
      {"\tstatic volatile char *p;\n\tp = kmalloc(16, GFP_KERNEL);\n\tp[16] = 1;\n", 1,
       "kasan_report: BUG: KASAN: slab-out-of-bounds"},
      {"\tchar *p = kmalloc(16, GFP_KERNEL);\n\tkfree(p);\n\tp[3] = 1;\n", 1,
       "kasan_report: BUG: KASAN: use after free"},
      {"\tstruct dentry *d = debugfs_create_dir(\"d\", NULL);\n\tdebugfs_remove(d);\n"
       "\tdebugfs_remove(d);\n",
       1, "kasan_report: BUG: KASAN: use after free of a dentry\n"},
      {"\tstruct notifier_block nb = {.notifier_call = call};\n\tregister_memory_notifier(&nb);\n",
       1, "kasan_report: BUG: KASAN: a notifier_block on the stack stays registered\n"},
      {"\t*(volatile int *)(val - 0x10000 + 8) = 1;\n", 1, "bad_page_fault: fault at 0x8 in set+"},
      {"\tBUG_ON(val);\n", 1, "printk: BUG: failure at d.c:16/set()!\n"},
      {"\tWARN_ON(val);\n", 0, "warn_slowpath_fmt: WARNING: at d.c:16\n"},
      {"\tpr_info(\"number %d\\n\", number);\n", 0, "printk: number 5\n"},
      {"\tclear_page(pfn_to_kaddr(0x40));\n", 0, "write: memtrace/enable = 0\n"},
      {"\t*(volatile char *)page_address(pfn_to_page(0x40)) = 1;\n", 3,
       "(not simulated: contents of memory at set+"},
      {"\treturn nobody_has_it(1);\n", 3, "(not simulated: nobody_has_it (call) at set+"},
      {"\talloc_contig_pages(4, GFP_KERNEL, 0, NULL);\n", 3,
       "(not simulated: alloc_contig_pages() of a part of a memory block)"},
  };
  for (const auto& row : kBodies) {
    INFO(row.body);
    const Result r = run.Set(row.body, "--param=number=5");
    INFO(r.out);
    CHECK(r.code == row.code);
    Has(r.out, row.says);
  }
}

TEST_CASE("a file that cannot be run on a tree is refused", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const OnTree run(tree);
  const auto refuses = [&run](const std::string& text, const std::string& says,
                              const std::string& args = "") {
    INFO(says);
    run.cli.Write("sub/d.c", text);
    const Result r = run("empty " + args, "sub/d.c");
    CHECK(r.code == 2);
    Begins(r.out, says);
    CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1);
  };
  fs::create_directory(run.cli.folder() / "sub");
  const std::string init = "#include <linux/module.h>\nstatic int f(void) { ";
  refuses(init + "return unknown(1); }\nmodule_init(f);\n",
          "sub/d.c:2:29: error: implicit declaration of function 'unknown' "
          "[-Werror=implicit-function-declaration]");
  refuses(init + "return -16; }\nmodule_init(f);\n", "sub/d.c: its initcall answers -16");
  refuses(init + "return *(volatile int *)8; }\nmodule_init(f);\n",
          "sub/d.c: its initcall: fault at 0x8 in f+0x");
  refuses("int f(void) { return 0; }\n",
          "sub/d.c: has no entry point: neither module_init() nor another initcall");
  const std::string well = init + "return 0; }\nmodule_init(f);\n";
  refuses(well, "sub/d.c: no parameter n", "--param=n=1");
  refuses(well, "--driver=sub/d.c: --preempt= is not in the tree world", "--preempt=memory");
  CHECK(run("empty", "sub/none.c").out == "sub/none.c: No such file or directory\n");
  CHECK(run("empty", "d.so").out == "--driver=d.so: --tree=DIR takes the .c file\n");
  const Result linked = run.cli("run empty --world=no.world --driver=sub/d.c");
  CHECK(linked.code == 2);
  CHECK(
      linked.out ==
      "--driver=sub/d.c: a world has been linked already: --tree=DIR takes a driver's own file\n");
}

TEST_CASE("coverage says which lines of a driver's own file have run on a tree", "[tree]") {
  const std::string tree = KernelTree("6.1");
  if (tree.empty()) return;
  const OnTree run(tree);
  const Result r = run(Crash("stale-flag"), kRfcFile, "coverage");
  Has(r.out, "File '" + kRfcFile + "'\nLines executed: ");
  Has(r.out, "  100.0% of   4  retake\n");
  Has(r.out, "    0.0% of   4  rfc_read\n");
  Has(r.out, ":\t\tpr_err(\"Failed to allocate memtrace_array\\n\");\n");
  CHECK(r.out.find("mm/") == std::string::npos);
}

}  // namespace
}  // namespace hotplug
