// SPDX-License-Identifier: GPL-2.0-or-later
//
// Drivers' own files. Method: small files in kernel dialect are compiled and run by the command
// line, as people do it, with gcc and with clang; the sample of regress/drivers and Debian's
// memtrace.c, unmodified, do what is known of them. Goal: each file that cannot be run, and each
// misdeed of one that can, has one clear report; and a run leaves nothing behind for the next.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fuzz/driver/load.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "regress/unit/checked.h"
#include "regress/unit/driver_file.h"

namespace hotplug {
namespace {

using testing::Changed;
using testing::KernelFile;

const std::string kSample = (fs::current_path() / "regress/drivers/sample.c").string();

constexpr char kMachine[] =
    "scenario 1\n"
    "driver merged\n"
    "machine kernel=6.1 debug_vm=off auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-7 node=0 zone=Normal\n";

// A driver around the body of the function that is called with what is written.
std::string DriverFile(const std::string& body, const std::string& before = "") {
  return "#include <linux/debugfs.h>\n"
         "#include <linux/module.h>\n" +
         before +
         "static int set(void *data, u64 val)\n"
         "{\n" +
         body +
         "\treturn 0;\n"
         "}\n"
         "DEFINE_SIMPLE_ATTRIBUTE(fops, NULL, set, \"%llu\\n\");\n"
         "static int init(void)\n"
         "{\n"
         "\tdebugfs_create_file(\"file\", 0600, NULL, NULL, &fops);\n"
         "\treturn 0;\n"
         "}\n"
         "module_init(init);\n";
}

// Both compilers, for what must not depend on them; with sanitizers, of which the files know
// nothing, one.
const std::vector<std::string> kCompilers = testing::kChecked
                                                ? std::vector<std::string>{"clang-19"}
                                                : std::vector<std::string>{"gcc", "clang-19"};

class Drivers : public Cli {
 public:
  // Writes 1 to the file of a driver.
  Result Explain(const std::string& text, const std::string& flags = "") const {
    Write("d.c", text);
    Write("one.scn", std::string(kMachine) + "task memtrace-1\n  write memtrace/enable 1\n");
    return (*this)("explain one.scn --driver=d.c " + flags);
  }
};

TEST_CASE("a file that cannot be run is refused", "[shim]") {
  const Drivers run;
  for (const std::string& compiler : kCompilers) {
    INFO(compiler);
    const std::string cc = "--cc=" + compiler;
    Result r = run.Explain(DriverFile("\tsome_new_kernel_call(val);\n"), cc);
    CHECK(r.code == 2);
    CHECK(r.out ==
          "d.c:5: unknown kernel name some_new_kernel_call\n"
          "d.c: docs/your-driver.md says what to do about them\n");
    r = run.Explain(DriverFile("\tstruct new_thing thing;\n\tthing.field = SOME_NEW_FLAG;\n"), cc);
    CHECK(r.code == 2);
    Has(r.out, "d.c:5: unknown kernel name ");
    Has(r.out, "d.c:6: unknown kernel name SOME_NEW_FLAG\n");
    r = run.Explain(DriverFile("\treturn 0\n"), cc);
    CHECK(r.code == 2);
    Has(r.out, "d.c:5:");
    Has(r.out, "d.c: does not compile\n");
    r = run.Explain("static int nothing;\nint *all(void) { return &nothing; }\n", cc);
    CHECK(r.code == 2);
    CHECK(r.out == "d.c: has no entry point: neither module_init() nor another initcall\n");
    r = run.Explain(
        "#include <linux/init.h>\nstatic int f(void) { return -ENODEV; }\n"
        "module_init(f);\n",
        cc);
    CHECK(r.code == 2);
    CHECK(r.out == "d.c: its initcall answers -ENODEV\n");
    r = run.Explain(
        "#include <linux/init.h>\nstatic int f(void) { return 0; }\n"
        "module_init(f);\n",
        cc);
    CHECK(r.code == 2);
    CHECK(r.out == "d.c: makes no file that user space could write to\n");
    r = run.Explain(
        "#include <linux/init.h>\nstatic int *p;\nstatic int f(void) { return *p; }\n"
        "module_init(f);\n",
        cc);
    CHECK(r.code == 2);
    CHECK(r.out == "d.c: its initcall: Unable to handle kernel NULL pointer dereference in f\n");
  }
  Result r = run("run empty --driver=none.c");
  CHECK(r.code == 2);
  CHECK(r.out == "none.c: No such file or directory\n");
  r = run("run empty --driver=d.c --cc=no-compiler");
  CHECK(r.code == 2);
  CHECK(r.out == "--cc=no-compiler: is no compiler that runs\n");
  r = run("show empty --driver=d.c");
  CHECK(r.code == 2);
  CHECK(r.out == "--driver=d.c: a scenario cannot name a file\n");
}

TEST_CASE("a file that does wrong is reported, with its function", "[shim]") {
  struct Wrong {
    const char* body;
    const char* before;
    const char* token;
    const char* says;
  };
  const Wrong kWrong[] = {
      {"\t*(volatile long *)(val - 1) = 1;\n", "", "K2/d.c:set@none/none",
       "Unable to handle kernel NULL pointer dereference in set"},
      {"\t*(volatile long *)(val << 40) = 1;\n", "", "K2/d.c:set@none/none",
       "Unable to handle kernel paging request in set"},
      {"\tchar *p = kmalloc(13, GFP_KERNEL);\n\tp[12 + val] = 1;\n\tkfree(p);\n", "",
       "K2/d.c:set@none/none",
       "BUG: KASAN: slab-out-of-bounds in set, write of 1 bytes at offset 13 of an object of 13 "
       "bytes"},
      {"\tchar *p = kmalloc(16, GFP_KERNEL);\n\tmemset(p, 0, 17);\n\tkfree(p);\n", "",
       "K2/d.c:set@none/none", "slab-out-of-bounds in set, write of 17 bytes"},
      {"\tchar *p = kzalloc(16, GFP_KERNEL);\n\tkfree(p);\n\tp[3] = 1;\n\tmsleep(1);\n", "",
       "K2/d.c:set@none/none", "BUG: KASAN: use-after-free in set"},
      {"\tchar *p = kzalloc(16, GFP_KERNEL);\n\tkfree(p);\n\tkfree(p);\n", "",
       "K2/d.c:set@none/none", "double-free"},
      {"\tchar *p = kzalloc(16, GFP_KERNEL);\n\tkfree(p + 8);\n", "", "K2/d.c:set@none/none",
       "invalid-free in set"},
      {"\tBUG_ON(val == 1);\n", "", "K1/d.c:set@none/none", "kernel BUG at d.c:5! val == 1"},
      {"\tspin_lock(&l);\n\tmsleep(1);\n\tspin_unlock(&l);\n", "static DEFINE_SPINLOCK(l);\n",
       "I14/d.c:set@none/none", "sleep"},
      {"\tspin_lock(&l);\n\tkfree(kmalloc(8, GFP_KERNEL));\n\tspin_unlock(&l);\n",
       "static DEFINE_SPINLOCK(l);\n", "I14/d.c:set@none/none", "kmalloc"},
      {"\tstruct notifier_block nb = {.notifier_call = call};\n\tregister_memory_notifier(&nb);\n",
       "static int call(struct notifier_block *nb, unsigned long a, void *d) { return 0; }\n",
       "K2/d.c:call@none/none", "a notifier_block on the stack stays registered"},
      {"\tstruct notifier_block *nb = kzalloc(sizeof(*nb), GFP_KERNEL);\n"
       "\tnb->notifier_call = call;\n\tregister_memory_notifier(nb);\n\tkfree(nb);\n",
       "static int call(struct notifier_block *nb, unsigned long a, void *d) { return 0; }\n",
       "K2/d.c:set@none/none", "free of a registered notifier_block in set"},
      {"\twhile (val)\n\t\tcounter++;\n", "static volatile long counter;\n", "K1/d.c:set@none/none",
       "BUG: soft lockup in set"},
      {"\tmutex_lock(&m);\n\tmutex_lock(&m);\n", "static DEFINE_MUTEX(m);\n",
       "I14/d.c:set@none/none", "mutex_lock"},
      {"\talloc_contig_pages(PAGES_PER_SECTION, GFP_KERNEL, 0, NULL);\n", "", "I8/", "I8"},
  };
  const Drivers run;
  for (const Wrong& wrong : kWrong) {
    for (const std::string& compiler : kCompilers) {
      INFO(compiler << " " << wrong.body);
      const Result r = run.Explain(DriverFile(wrong.body, wrong.before), "--cc=" + compiler);
      INFO(r.out);
      CHECK(r.code == 1);
      Has(r.out, std::string("DEDUP_TOKEN: ") + wrong.token);
      Has(r.out, wrong.says);
    }
  }
}

TEST_CASE("a file that does nothing wrong is not reported", "[shim]") {
  const Drivers run;
  const char* const kRight[] = {
      "\tchar *p = kzalloc(16, GFP_KERNEL);\n\tp[15] = 1;\n\tkfree(p);\n\tkfree(NULL);\n",
      "\tspin_lock(&l);\n\tkfree(kmalloc(8, GFP_ATOMIC));\n\tspin_unlock(&l);\n\tmsleep(2);\n",
      "\tmutex_lock(&m);\n\tspin_lock(&l);\n\tspin_unlock(&l);\n\tmutex_unlock(&m);\n",
      ("\tstruct notifier_block nb = {.notifier_call = call};\n\tregister_memory_notifier(&nb);\n"
       "\tunregister_memory_notifier(&nb);\n"),
      "\tvolatile long big[100];\n\tlong i;\n\tfor (i = 0; i < 100; i++)\n\t\tbig[i] = i;\n",
  };
  for (const char* body : kRight) {
    for (const std::string& compiler : kCompilers) {
      INFO(compiler << " " << body);
      const Result r = run.Explain(
          DriverFile(
              body,
              "static DEFINE_SPINLOCK(l);\nstatic DEFINE_MUTEX(m);\n"
              "static int call(struct notifier_block *nb, unsigned long a, void *d) { return 0; "
              "}\n"),
          "--cc=" + compiler);
      INFO(r.out);
      CHECK(r.code == 0);
    }
  }
}

TEST_CASE("another task calls back into what lies on a stack", "[shim]") {
  const Cli run;
  run.Write("d.c",
            DriverFile("\tstruct notifier_block nb = {.notifier_call = call};\n"
                       "\tregister_memory_notifier(&nb);\n\tmsleep(20);\n"
                       "\tunregister_memory_notifier(&nb);\n",
                       "static int call(struct notifier_block *nb, unsigned long a, void *d)\n"
                       "{\n\tpr_info(\"%d\\n\", nb->priority);\n\treturn 0;\n}\n"));
  run.Write("two.scn", std::string(kMachine) +
                           "task user-1\n  sleep 1\n  write memory4/state offline\n"
                           "task memtrace-2\n  write memtrace/enable 1\n");
  for (const std::string& compiler : kCompilers) {
    const Result r = run("run --print-expect two.scn --driver=d.c --cc=" + compiler);
    Has(r.out, "verdict ok\n");
    Has(r.out, "\n  log 0\n  log Offlined Pages 16\n  log 0\n");
  }
}

// Onlines a block, or removes two of them and writes down where they were, or does not.
constexpr char kBlocks[] =
    "static int online(struct memory_block *mem, void *arg)\n"
    "{\n\treturn device_online(&mem->dev);\n}\n"
    "static int offline(struct memory_block *mem, void *arg)\n"
    "{\n\treturn device_offline(&mem->dev);\n}\n"
    "static volatile u64 start;\n";

TEST_CASE("a file may take blocks, and give them back", "[shim]") {
  const std::string remove =
      "\tconst u64 at = 0x50000000;\n"
      "\tlock_device_hotplug();\n"
      "\twalk_memory_blocks(at, 0x20000000, NULL, offline);\n"
      "\t__remove_memory(0, at, 0x10000000);\n"
      "\t__remove_memory(0, at + 0x10000000, 0x10000000);\n"
      "\tunlock_device_hotplug();\n";
  const std::string add =
      "\tadd_memory(0, at, 0x20000000);\n"
      "\tpr_info(\"%d\\n\", memhp_auto_online);\n"
      "\tlock_device_hotplug();\n"
      "\twalk_memory_blocks(at, 0x20000000, NULL, online);\n"
      "\tunlock_device_hotplug();\n";
  const Cli run;
  const std::string once = std::string(kMachine) + "task memtrace-1\n  write memtrace/enable 1\n";
  run.Write("once.scn", once);
  run.Write("twice.scn",
            once + "  write memory/auto_online_blocks online\n  write memtrace/enable 1\n");
  for (const std::string& compiler : kCompilers) {
    const auto did = [&](const std::string& scenario, const std::string& body) {
      run.Write("d.c", DriverFile(body, kBlocks));
      return run(absl::StrCat("run --print-expect ", scenario, " --driver=d.c --cc=", compiler))
          .out;
    };
    const std::string taken = did("once.scn", remove + "\tstart = at;\n");
    Has(taken, "verdict ok\n");
    Has(taken, "memory5 absent\n  memory6 absent\n");
    Has(did("once.scn", remove), "verdict violation I8/");
    const std::string back = did("twice.scn", remove + add);
    Has(back, "verdict ok\n");
    Has(back, "\n  log 0\n");
    Has(back, "\n  log 1\n");
    Has(back, "memory5 online free=16 ");
    Has(back, "memory6 online free=16 ");
  }
}

TEST_CASE("a file may lack the hotplug lock, or release that of others, and the run goes on",
          "[shim]") {
  const Cli run;
  run.Write("take.scn", std::string(kMachine) + "task memtrace-1\n  write memtrace/enable 1\n");
  run.Write("d.c", DriverFile("\tconst u64 at = 0x50000000;\n"
                              "\twalk_memory_blocks(at, 0x20000000, NULL, offline);\n"
                              "\t__remove_memory(0, at, 0x10000000);\n"
                              "\t__remove_memory(0, at + 0x10000000, 0x10000000);\n"
                              "\tstart = at;\n",
                              kBlocks));
  Result r = run("run --print-expect take.scn --driver=d.c");
  Has(r.out, "verdict violation I12/");
  Has(r.out, "memory5 absent\n  memory6 absent\n");
  // Firmware, whose first attempt to offline a block ends without the lock, makes another one.
  run.Write("remove.scn", std::string(kMachine) +
                              "task memtrace-1\n  write memtrace/enable 1\n  remove memory6\n");
  run.Write("d.c",
            DriverFile("\tregister_memory_notifier(&nb);\n",
                       "static int call(struct notifier_block *n, unsigned long action, void *d)\n"
                       "{\n"
                       "\tif (action != MEM_GOING_OFFLINE)\n\t\treturn NOTIFY_OK;\n"
                       "\tunlock_device_hotplug();\n"
                       "\treturn NOTIFY_BAD;\n"
                       "}\n"
                       "static struct notifier_block nb = {.notifier_call = call};\n"));
  r = run("run --print-expect remove.scn --driver=d.c");
  Has(r.out, "verdict violation I12/d.c:call@none/none\n  then I14\n");
  Has(r.out, "remove memory6 = -EBUSY\n");
}

TEST_CASE("a file may write text, and the kernel prints it as it does", "[shim]") {
  const Drivers run;
  const Result r = run.Explain(
      "#include <linux/fs.h>\n"
      "#define pr_fmt(fmt) \"d: \" fmt\n"
      "static ssize_t write(struct file *f, const char __user *u, size_t n, loff_t *pos)\n"
      "{\n"
      "\tchar text[16];\n"
      "\tcopy_from_user(text, u, n);\n"
      "\ttext[n - 1] = 0;\n"
      "\tpr_info(\"%s %5.2d|%-4x|%lld %p %d%%\\n\", text, 7, 0x2a, -1LL, text, 50);\n"
      "\treturn n;\n"
      "}\n"
      "static const struct file_operations fops = {.write = write, .open = simple_open};\n"
      "static int init(void)\n"
      "{\n"
      "\tdebugfs_create_file(\"file\", 0600, debugfs_create_dir(\"dir\", NULL), NULL, &fops);\n"
      "\treturn 0;\n"
      "}\n"
      "device_initcall(init);\n");
  CHECK(r.code == 0);
  Has(r.out, "\n  log d: 0x1    07|2a  |-1 (____ptrval____) 50%\n");
}

// A driver with the file of node 0 that scenarios read and map. It logs all that it is asked.
std::string TraceFile(const std::string& fops, const std::string& create) {
  return R"(
#include <linux/debugfs.h>
#include <linux/memory.h>
#include <linux/module.h>
static struct { unsigned long pfn; void *mem; } t;
static struct dentry *top, *dir;
static int open(struct inode *i, struct file *f)
{
	pr_info("open %d\n", i->i_private == &t);
	return simple_open(i, f);
}
static ssize_t read(struct file *f, char __user *u, size_t n, loff_t *pos)
{
	pr_info("read %d\n", f->private_data == &t);
	msleep(4);
	pr_info("slept\n");
	return simple_read_from_buffer(u, n, pos, t.mem, memory_block_size_bytes());
}
static int mmap(struct file *f, struct vm_area_struct *vma)
{
	pr_info("mmap %lu %lu\n", vma->vm_pgoff, vma_pages(vma));
	return remap_pfn_range(vma, vma->vm_start, t.pfn, vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}
static int release(struct inode *i, struct file *f)
{
	pr_info("release\n");
	return 0;
}
static const struct file_operations fops = {)" +
         fops + R"(};
static int set(void *data, u64 val)
{
	unsigned long n = PAGES_PER_SECTION, i;

	if (val == 0) {
		debugfs_remove_recursive(dir);
		pr_info("removed\n");
		return 0;
	}
	t.pfn = page_to_pfn(alloc_contig_pages(n, GFP_KERNEL, 0, NULL));
	for (i = 0; i < n; i++)
		clear_page(__va(PFN_PHYS(t.pfn + i)));
	t.mem = ioremap(PFN_PHYS(t.pfn), memory_block_size_bytes());
	dir = debugfs_create_dir("00000000", top);
	)" +
         create +
         R"(("trace", 0600, dir, &t, &fops);
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(enable, NULL, set, "%llu\n");
static int init(void)
{
	top = debugfs_create_dir("memtrace", NULL);
	debugfs_create_file("enable", 0600, top, NULL, &enable);
	return 0;
}
module_init(init);
)";
}

constexpr char kAllFops[] = ".open = open, .read = read, .mmap = mmap, .release = release";
constexpr char kUnsafe[] = "debugfs_create_file_unsafe";

// Runs a driver with TraceFile() through these tasks.
class TraceFiles : public Cli {
 public:
  std::string Run(const std::string& tasks, const std::string& fops, const std::string& create,
                  const std::string& compiler) const {
    Write("s.scn", kMachine + tasks);
    Write("d.c", TraceFile(fops, create));
    return (*this)("run --print-expect s.scn --driver=d.c --cc=" + compiler).out;
  }
};

TEST_CASE("user space opens, reads, maps and closes a file", "[shim]") {
  constexpr char kUses[] =
      "memory 8 node=1 zone=Normal\n"
      "task memtrace-1\n"
      "  read memtrace/00000000/trace\n"
      "  write memtrace/enable 1\n"
      "  read memtrace/00000001/trace\n"
      "  read memtrace/00000000/trace\n"
      "  mmap memtrace/00000000/trace\n"
      "  write memtrace/enable 0\n"
      "  read memtrace/00000000/trace\n";
  const TraceFiles files;
  for (const std::string& compiler : kCompilers) {
    INFO(compiler);
    std::string out = files.Run(kUses, kAllFops, kUnsafe, compiler);
    // What is mapped stays open.
    Has(out,
        "  verdict ok\n"
        "  memtrace-1 read memtrace/00000000/trace = -ENOENT\n"
        "  memtrace-1 write memtrace/enable 0x1 = 0\n"
        "  memtrace-1 read memtrace/00000001/trace = -ENOENT\n"
        "  memtrace-1 read memtrace/00000000/trace = 0\n"
        "  memtrace-1 mmap memtrace/00000000/trace = 0\n"
        "  memtrace-1 write memtrace/enable 0 = 0\n"
        "  memtrace-1 read memtrace/00000000/trace = -ENOENT\n"
        "  log open 1\n  log read 1\n  log slept\n  log release\n"
        "  log open 1\n  log mmap 0 16\n  log removed\n  mem");
    // What stands before a guarded file knows nothing of mmap.
    out = files.Run(kUses, kAllFops, "debugfs_create_file", compiler);
    Has(out, "mmap memtrace/00000000/trace = -ENODEV\n");
    Has(out, "  log release\n  log open 1\n  log release\n  log removed\n");
    out = files.Run(kUses, ".open = open", kUnsafe, compiler);
    Has(out, "1 read memtrace/00000000/trace = -EINVAL\n");
    Has(out, "1 mmap memtrace/00000000/trace = -ENODEV\n");
    // Below a directory that is an error nothing is made.
    out = files.Run(std::string(kUses) + "fault debugfs_create_dir nth=1 -ENOMEM\n", kAllFops,
                    kUnsafe, compiler);
    Has(out, "write memtrace/enable 0x1 = 0\n");
    CHECK(out.find("log open") == out.npos);
  }
}

TEST_CASE("a file is removed while somebody has it open", "[shim]") {
  const std::string uses =
      "task memtrace-1\n"
      "  write memtrace/enable 1\n"
      "task memtrace-2\n"
      "  after memtrace-1\n"
      "  read memtrace/00000000/trace\n"
      "task memtrace-3\n"
      "  after memtrace-1\n"
      "  write memtrace/enable 0\n";
  // Behind open(2), and inside of read(2), which sleeps.
  const std::string between = uses + "at memtrace-2 3 run memtrace-3\n";
  const TraceFiles files;
  std::string out = files.Run(uses, kAllFops, "debugfs_create_file", "gcc");
  Has(out, "  log open 1\n  log read 1\n  log slept\n  log release\n  log removed\n");
  out = files.Run(uses, kAllFops, kUnsafe, "gcc");
  Has(out, "  log open 1\n  log read 1\n  log removed\n  log slept\n  log release\n");
  out = files.Run(between, kAllFops, "debugfs_create_file", "gcc");
  Has(out, "memtrace-2 read memtrace/00000000/trace = -EIO\n");
  Has(out, "  log open 1\n  log removed\n  log release\n");
  out = files.Run(between, kAllFops, kUnsafe, "gcc");
  Has(out, "memtrace-2 read memtrace/00000000/trace = 0\n");
  Has(out, "  log open 1\n  log removed\n  log read 1\n  log slept\n  log release\n");
}

TEST_CASE("what user space sees of a file's memory", "[shim]") {
  const struct {
    const char* from;
    const char* to;
    const char* reads;
    const char* maps;
  } kWrong[] = {
      {"", "", "verdict ok", "verdict ok"},
      {"clear_page(__va(PFN_PHYS(t.pfn + i)))", "barrier()",
       "verdict violation I16/simple_read_from_buffer@", "verdict violation I16/remap_pfn_range@"},
      {"t.pfn + i", "1UL << 40", "verdict violation K2/d.c:set@", "verdict violation K2/d.c:set@"},
      {"t.mem = ioremap(", "(void)(", "verdict violation K2/d.c:read@", "verdict ok"},
      {"read_from_buffer(u, n, pos, t.mem,", "read_from_buffer(u, n, pos, kzalloc(16, GFP_KERNEL),",
       "verdict violation K2/d.c:simple_read_from_buffer@", "verdict ok"},
      {"\tpr_info(\"slept", "\t*u = 0;\n\tpr_info(\"slept", "verdict violation K2/d.c:read@",
       "verdict ok"},
      {"(vma, vma->vm_start, t.pfn,", "(vma, vma->vm_start, 1UL << 40,", "verdict ok",
       "verdict ok"},
  };
  const TraceFiles files;
  for (const auto& wrong : kWrong) {
    INFO(wrong.to);
    std::string text = TraceFile(kAllFops, kUnsafe);
    text.replace(text.find(wrong.from), std::string(wrong.from).size(), wrong.to);
    files.Write("d.c", text);
    for (const std::string& compiler : kCompilers) {
      for (const std::string use : {"read", "mmap"}) {
        files.Write("s.scn", std::string(kMachine) +
                                 "task memtrace-1\n"
                                 "  write memtrace/enable 1\n  " +
                                 use + " memtrace/00000000/trace\n");
        const Result r = files("run --print-expect s.scn --driver=d.c --cc=" + compiler);
        Has(r.out, use == "read" ? wrong.reads : wrong.maps);
      }
    }
  }
}

TEST_CASE("a file may be preempted at its accesses to shared memory", "[shim]") {
  const Cli run;
  run.Write("d.c", DriverFile("\tcounter = counter + 1;\n\tpr_info(\"%ld\\n\", counter);\n",
                              "static volatile long counter;\n"));
  // Behind its second access to static data, the write, which is still to be made.
  run.Write("two.scn", std::string(kMachine) +
                           "task memtrace-1\n  write memtrace/enable 1\n"
                           "task memtrace-2\n  write memtrace/enable 1\n"
                           "at memtrace-1 2 run memtrace-2\n");
  for (const std::string& compiler : kCompilers) {
    const std::string flags = "run --print-expect two.scn --driver=d.c --cc=" + compiler;
    Has(run(flags).out, "\n  log 1\n  log 2\n");
    Has(run(flags + " --preempt=memory").out, "\n  log 1\n  log 1\n");
  }
  CHECK(run("run two.scn --driver=d.c --preempt=sometimes").code == 2);
}

TEST_CASE("the initcalls of a file are called in its order", "[shim]") {
  const Drivers run;
  for (const std::string& compiler : kCompilers) {
    INFO(compiler);
    const Result r = run.Explain(
        DriverFile("",
                   "static int ready;\nstatic int early(void) { ready = 1; return 0; }\n"
                   "core_initcall(early);\n") +
            "static int late(void) { return ready ? 0 : -EINVAL; }\nlate_initcall(late);\n",
        "--cc=" + compiler);
    INFO(r.out);
    CHECK(r.code == 0);
  }
}

TEST_CASE("the parameters of a file", "[shim]") {
  const Cli cli;
  cli.Write("one.scn", std::string(kMachine) + "task memtrace-1\n  write memtrace/enable 1\n");
  cli.Write("d.c",
            DriverFile("\tpr_info(\"%d %u %lu %d %s\\n\", on, small, big, below, text);\n",
                       "static bool on;\nmodule_param(on, bool, 0644);\n"
                       "static unsigned short small = 7;\nmodule_param(small, ushort, 0444);\n"
                       "static ulong big;\nmodule_param_named(large, big, ulong, 0);\n"
                       "static int below = -1;\nmodule_param(below, int, 0);\n"
                       "static char *text = \"text\";\nmodule_param(text, charp, 0);\n"));
  cli.Write("none.c", DriverFile("\tpr_info(\"none\\n\");\n"));
  for (const std::string& compiler : kCompilers) {
    const std::string run =
        absl::StrCat("run --print-expect one.scn --cc=", compiler, " --driver=d.c");
    Has(cli(run).out, "\n  log 0 7 0 -1 text\n");
    Has(cli(run + " --param=on,small=0xffff,large=0x10000000000,below=-2147483648").out,
        "\n  log 1 65535 1099511627776 -2147483648 text\n");
    Has(cli(run + " --param=on=N --param=below=010").out, "\n  log 0 7 0 8 text\n");
    const auto refused = [&](const std::string& params, const std::string& why) {
      const Result r = cli(absl::StrCat(run, " --param=", params));
      CHECK(r.code == 2);
      CHECK(r.out == why + "\n");
    };
    refused("of=1", "d.c: no parameter of; there are: on, small, large, below, text");
    refused("on=2", "d.c: parameter on: expected bool, not '2'");
    refused("small", "d.c: parameter small: expected ushort, not ''");
    for (const char* value : {"65536", "-1", "1x", "0x", "99999999999999999999"}) {
      refused(absl::StrCat("small=", value),
              absl::StrCat("d.c: parameter small: expected ushort, not '", value, "'"));
    }
    refused("below=2147483648", "d.c: parameter below: expected int, not '2147483648'");
    refused("below=-2147483649", "d.c: parameter below: expected int, not '-2147483649'");
    refused("text=x", "d.c: parameter text: one of type charp cannot be set");
    refused("'on=\"'", "--param=on=\": expected NAME=VALUE,...");
  }
  const Result r = cli("run one.scn --driver=none.c --param=a=1");
  CHECK(r.out == "none.c: no parameter a; there are: none\n");
  // What is compiled has its values.
  CHECK(cli("compile d.c -o d.so --param=small=3").code == 0);
  Has(cli("run --print-expect one.scn --driver=d.so").out, "\n  log 0 3 0 -1 text\n");
  for (const char* flag : {"--param=small=4", "--define=FOUR"}) {
    const Result late = cli(std::string("run one.scn --driver=d.so ") + flag);
    CHECK(late.code == 2);
    CHECK(late.out == "d.so: has been compiled: --define= and --param= come too late\n");
  }
}

TEST_CASE("which lines of a file have run", "[shim]") {
  const Cli cli;
  cli.Write("d.c", DriverFile("\tif (val > 1 &&\n"
                              "\t    val < 4)\n"
                              "\t\tpr_info(\"two\\n\");\n"
                              "\telse\n"
                              "\t\tpr_info(\"one\\n\");\n"
                              "\tif (counter == 1) return never(val);\n",
                              "static volatile long counter;\n"
                              "static int never(u64 val)\n"
                              "{\n"
                              "\treturn val + 1;\n"
                              "}\n"));
  const auto scenario = [&cli](const std::string& name, const std::string& value) {
    cli.Write(name, std::string(kMachine) + "task memtrace-1\n  write memtrace/enable " + value);
  };
  fs::create_directory(cli.folder() / "more");
  scenario("one.scn", "1\n");
  scenario("more/4.scn", "4\n");
  scenario("more/3.scn", "2\n  write memtrace/enable 3\n");
  for (const std::string& compiler : kCompilers) {
    INFO(compiler);
    const std::string flags = " --driver=d.c --cc=" + compiler;
    Result r = cli("coverage one.scn" + flags);
    CHECK(r.code == 0);
    Has(r.out, "File '" + (cli.folder() / "d.c").string() + "'\nLines executed: ");
    Has(r.out, "\n    0.0% of ");
    Has(r.out, "\n  100.0% of   3  init\n");
    Has(r.out, "    #####:    6:\treturn val + 1;\n");
    Has(r.out, "    #####:   12:\t\tpr_info(\"two\\n\");\n");
    Has(r.out, "    *****:   15:\tif (counter == 1) return never(val);\n");
    CHECK(r.out.find(":   14:") == r.out.npos);
    // A folder; what one scenario does not reach another one does.
    r = cli("coverage one.scn more" + flags);
    CHECK(r.out.find(":   12:") == r.out.npos);
    Has(r.out, "    *****:   15:");
  }
  CHECK(cli("coverage one.scn").out == "--driver=FILE.c or --tree=DIR is missing\n");
  CHECK(cli("coverage none.scn --driver=d.c").code == 2);
}

TEST_CASE("the sample driver", "[shim]") {
  const Cli cli;
  cli.Write("s.scn", std::string(kMachine) +
                         "task memtrace-1\n"
                         "  write memtrace/enable 0x10000000\n"
                         "task user-2\n"
                         "  after memtrace-1\n"
                         "  write memory4/state offline\n");
  for (const std::string& compiler : kCompilers) {
    const std::string flags = absl::StrCat(" s.scn --cc=", compiler, " --driver=", kSample);
    Result r = cli("run --print-expect" + flags);
    CHECK(r.code == 0);
    Has(r.out, "verdict ok\n");
    Has(r.out, "user-2 write memory4/state offline = -EBUSY\n");
    Has(r.out, "log sample: took 16 pages at pfn 0x40\n");
    r = cli("explain --define=SAMPLE_BUG" + flags);
    CHECK(r.code == 1);
    Has(r.out, "DEDUP_TOKEN: I1/sample.c:sample_memory_notify@offlining/MEM_CANCEL_OFFLINE\n");
    Has(r.out, "made by: sample.c:sample_memory_notify (sample.c:");
    r = cli(absl::StrCat("minimize --define=SAMPLE_BUG -o ", compiler, ".scn", flags));
    CHECK(r.code == 0);
    CHECK(cli(absl::StrCat("run --define=SAMPLE_BUG --verify --driver=", kSample, " ", compiler,
                           ".scn"))
              .code == 1);
  }
}

// ---- Static state ----

// Behaves by what its static data and its heap say: whatever is left from another run shows.
constexpr char kRemembers[] =
    "\tstatic unsigned int calls;\n"
    "\tif (!object)\n"
    "\t\tobject = kzalloc(64, GFP_KERNEL);\n"
    "\tif (object)\n"
    "\t\tobject->calls += ++calls;\n"
    "\tpr_info(\"%u %lu\\n\", calls, object ? object->calls : 0);\n"
    "\tif (calls % 2)\n"
    "\t\tmsleep(calls);\n";
constexpr char kObject[] = "static struct { unsigned long calls; } *object;\n";

struct Digest {
  uint32_t steps;
  uint64_t digest;
  bool operator==(const Digest& other) const = default;
};

TEST_CASE("a run of a file leaves nothing behind", "[shim]") {
  constexpr uint32_t kRuns = 10000;
  constexpr uint32_t kFresh = 5;
  const Cli cli;
  cli.Write("d.c", DriverFile(kRemembers, kObject));
  REQUIRE(cli("compile d.c -o d.so").code == 0);
  const driver::Loaded loaded = driver::Load((cli.folder() / "d.so").string(), "d.c");
  REQUIRE(loaded.error.empty());
  run::RunOptions options;
  options.driver = &loaded.module->driver();
  scenario::GenerateOptions generate;
  generate.nr_kernels = 4;
  const auto digest_of = [&](uint32_t seed) {
    const run::Outcome o = run::Run(scenario::Generate(seed, generate), options);
    return Digest{o.steps, o.digest};
  };

  std::vector<Digest> digests;
  digests.reserve(kRuns);
  for (uint32_t seed = 0; seed < kRuns; ++seed) digests.push_back(digest_of(seed));
  for (uint32_t seed = kRuns; seed-- > 0;) REQUIRE(digest_of(seed) == digests[seed]);
  // Processes that do nothing else.
  for (uint32_t seed = 0; seed < kRuns; seed += kRuns / kFresh) {
    std::vector<uint8_t> bytes;
    REQUIRE(scenario::Encode(scenario::Generate(seed, generate), &bytes) == nullptr);
    cli.Write("bytes", std::string(bytes.begin(), bytes.end()));
    char expected[64];
    std::snprintf(expected, sizeof(expected), " steps=%u digest=0x%016llx", digests[seed].steps,
                  static_cast<unsigned long long>(digests[seed].digest));
    Has(cli("run bytes --driver=d.so").out, expected);
  }
}

// ---- Debian's memtrace.c ----

TEST_CASE("memtrace.c of Debian's 6.1, as it is", "[shim]") {
  const std::string memtrace = KernelFile("arch/powerpc/platforms/powernv/memtrace.c");
  if (memtrace.empty()) return;
  const Cli cli;
  cli.Write("m.scn", std::string(kMachine) +
                         "task memtrace-1\n"
                         "  write memtrace/enable 0x20000000\n"
                         "  read memtrace/enable\n"
                         "  write memtrace/enable 0x10000000\n"
                         "  write memtrace/enable 0x18000000\n"
                         "  write memtrace/enable 0x30000000\n"
                         "  write memtrace/enable 0\n"
                         "  write memtrace/enable 0x8000000000\n"
                         "  read memtrace/enable\n"
                         "  write memtrace/enable 0\n"
                         "  write memtrace/enable 0x20000000\n"
                         "task user-2\n"
                         "  after memtrace-1\n"
                         "  write memory4/state offline\n"
                         "  write memory6/state offline\n");
  const std::string ours = cli("run --print-expect m.scn").out;
  for (const std::string& compiler : kCompilers) {
    const Result r =
        cli(absl::StrCat("run --print-expect m.scn --cc=", compiler, " --driver=", memtrace));
    CHECK(r.code == 0);
    // What a powernv machine has been seen to do.
    Has(r.out, "verdict ok\n");
    Has(r.out, "write memtrace/enable 0x20000000 = 0\n");
    Has(r.out, "read memtrace/enable = 0x20000000\n");
    Has(r.out, "write memtrace/enable 0x18000000 = -EINVAL\n");
    Has(r.out, "write memtrace/enable 0x30000000 = 0\n");
    Has(r.out, "write memtrace/enable 0x8000000000 = 0\n");
    Has(r.out, "read memtrace/enable = 0x8000000000\n");
    Has(r.out, "write memory4/state offline = -EBUSY\n");
    Has(r.out, "write memory6/state offline = 0\n");
    Has(r.out, "log memtrace: Allocated trace memory on node 0 at 0x0000000040000000\n");
    Has(r.out, "log memtrace: Freed trace memory back on node 0\n");
    Has(r.out, "log memtrace: Value must be aligned with 0x10000000\n");
    Has(r.out, "log memtrace: Failed to allocate trace memory on node 0\n");
    Has(r.out, "memory4 online free=0 offline=16 counts -1:0 0:0 1:16 2:0 more:0\n");
    // And our own model of it does the same.
    CHECK(r.out == ours);
  }
}

// What cd097df4596f mended, undone: the size of a mapping was not held against what is left behind
// its offset.
TEST_CASE("memtrace.c without a check of its mmap shows memory that it does not have", "[shim]") {
  const std::string memtrace = KernelFile("arch/powerpc/platforms/powernv/memtrace.c");
  if (memtrace.empty()) return;
  const Cli cli;
  // Of a block of 16 pages from the second page on: as many, and one less; a byte of the last page;
  // behind the end; from within a page; and nothing.
  cli.Write("m.scn", std::string(kMachine) +
                         "task memtrace-1\n"
                         "  write memtrace/enable 0x10000000\n"
                         "task user-2\n"
                         "  after memtrace-1\n"
                         "  mmap memtrace/00000000/trace offset=0x1000000 length=0x10000000\n"
                         "  mmap memtrace/00000000/trace offset=0x1000000 length=0xf000000\n"
                         "  mmap memtrace/00000000/trace offset=0xf000000 length=1\n"
                         "  mmap memtrace/00000000/trace offset=0x10000000 length=0x1000000\n"
                         "  mmap memtrace/00000000/trace offset=0x11000000 length=0x1000000\n"
                         "  mmap memtrace/00000000/trace offset=0x800000 length=0x1000000\n"
                         "  mmap memtrace/00000000/trace offset=0 length=0\n"
                         "  read memtrace/00000000/trace offset=0xf800000 length=0x10000000\n"
                         "  read memtrace/00000000/trace offset=0x10000000 length=1\n");
  const Result ours = cli("run --print-expect --driver=merged_6_1 m.scn");
  const Result same = cli(absl::StrCat("run --print-expect m.scn --driver=", memtrace));
  CHECK(same.code == 0);
  Has(same.out, "verdict ok\n");
  Has(same.out, "offset=0x1000000 length=0x10000000 = -EINVAL\n");
  Has(same.out, "offset=0x1000000 length=0xf000000 = 0\n");
  Has(same.out, "offset=0xf000000 length=0x1 = 0\n");
  Has(same.out, "offset=0x10000000 length=0x1000000 = -EINVAL\n");
  Has(same.out, "offset=0x11000000 length=0x1000000 = -EINVAL\n");
  Has(same.out, "offset=0x800000 length=0x1000000 = -EINVAL\n");
  Has(same.out, "offset=0 length=0 = -EINVAL\n");
  Has(same.out, "offset=0xf800000 length=0x10000000 = 0\n");
  CHECK(same.out == ours.out);

  const std::pair<const char*, const char*> kChecks[] = {
      {"vma_nrpages > ent_nrpages - vma->vm_pgoff", "vma_nrpages > ent_nrpages"},
      {"vma->vm_pgoff >= ent_nrpages", "0"}};
  for (const auto& [check, undone] : kChecks) {
    INFO(check);
    const std::string broken = Changed(cli, memtrace, "broken.c", check, undone);
    const Result found = cli(absl::StrCat("explain m.scn --driver=", broken));
    CHECK(found.code == 1);
    Has(found.out, "DEDUP_TOKEN: I19/broken.c:memtrace_mmap@");
  }
}

// Whether our model of memtrace.c does the same as a file with some generated scenarios.
struct Compared {
  std::string model = "merged_6_1";
  std::string compiler = "gcc";
  std::string flags;
  uint32_t scenarios = 2000;
};

bool Agree(const Cli& cli, const std::string& source, const Compared& c = {}) {
  INFO("build driver_runs first");
  REQUIRE(Cli::Built("driver_runs"));
  const std::string object = absl::StrCat(source, ".so");
  fs::remove(object);
  const std::string compile =
      absl::StrCat("compile ", source, " -o ", object, " --cc=", c.compiler);
  REQUIRE(cli(absl::StrCat(compile, " ", c.flags)).code == 0);
  const Result r = cli.Run("driver_runs", absl::StrCat("against ", object, " memtrace.c ", c.model,
                                                       " 0 ", c.scenarios, " 1"));
  INFO(r.out);
  REQUIRE(r.code == 0);
  return r.out.find("differs") == r.out.npos;
}

TEST_CASE("memtrace.c and our model of it agree, and what differs is found", "[shim]") {
  const std::string memtrace = KernelFile("arch/powerpc/platforms/powernv/memtrace.c");
  if (memtrace.empty()) return;
  const Cli cli;
  CHECK(Agree(cli, Changed(cli, memtrace, "same.c", "", "")));
  const struct {
    const char* from;
    const char* to;
  } kPlanted[] = {
      {"if (val & (bytes - 1))", "if (val & (bytes / 2 - 1))"},
      {"memtrace_size = val;", "memtrace_size = val / 2;"},
      {"__ClearPageOffline(pfn_to_page(pfn));", ";"},
      {"free_contig_range(start_pfn, nr_pages);", "free_contig_range(start_pfn, nr_pages - 1);"},
      {"memtrace_size = 0;", ";"},
      {"ret += 1;", ";"},
      {"memtrace_array_nr++;", "memtrace_array_nr += 0;"},
  };
  uint32_t n = 0;
  for (const auto& planted : kPlanted) {
    INFO(planted.from);
    const std::string name = "planted" + std::to_string(n++) + ".c";
    CHECK_FALSE(Agree(cli, Changed(cli, memtrace, name, planted.from, planted.to)));
  }
}

TEST_CASE("the RFC's memtrace as a file and our model of it agree", "[shim]") {
  const Cli cli;
  const std::string rfc = (fs::current_path() / "regress/drivers/memtrace_rfc.c").string();
  const std::string same = Changed(cli, rfc, "same.c", "", "");
  constexpr uint32_t kFew = 300;
  CHECK(Agree(cli, same, {"rfc_v1", "gcc", "", kFew}));
  const std::string kErrnoFlag = "--define=FIX_ERRNO,FIX_CALL_FLAG,FIX_CLEAR_FLAG";
  CHECK(Agree(cli, same, {"rfc_errno_flag", "gcc", kErrnoFlag, kFew}));
  CHECK(Agree(cli, same, {"rfc_veto", "clang-19", kErrnoFlag + ",FIX_VETO", kFew}));
  CHECK(Agree(cli, same, {"rfc_locked", "gcc", "--define=FIX_LOCK", kFew}));
  // Neither is a fix nothing, nor the lack of one.
  CHECK_FALSE(Agree(cli, same, {"rfc_errno_flag", "gcc", "", kFew}));
  CHECK_FALSE(Agree(cli, same, {"rfc_locked", "gcc", "", kFew}));
  const std::string broken = Changed(cli, rfc, "broken.c", "*given &= ~bit;", ";");
  CHECK_FALSE(Agree(cli, broken, {"rfc_v1", "gcc", "", kFew}));
}

// What is left of a range that was reserved whole is recorded by itself.
// H-06: nothing says that somebody has the memory.
TEST_CASE("what a file has taken may be added by others, unless it is reserved", "[shim]") {
  const Cli cli;
  cli.Write("s.scn", std::string(kMachine) +
                         "task memtrace-1\n"
                         "  write memtrace/enable 0x10000000\n"
                         "task user-2\n"
                         "  write memory/probe 0x40000000\n"
                         "  read memtrace/00000000/trace\n");
  const std::string run = "run --print-expect s.scn --driver=" +
                          fs::absolute("regress/drivers/memtrace_rfc.c").string();
  Has(cli(run).out, "verdict violation I19/memtrace_rfc.c:rfc_read@");
  const Result reserved = cli(run + " --define=FIX_CLEAR,FIX_RESERVE");
  Has(reserved.out, "verdict ok");
  Has(reserved.out, "write memory/probe 0x40000000 = -EEXIST");
}

TEST_CASE("each range that a file reserves has an entry of its own", "[shim]") {
  const Cli cli;
  cli.Write("d.c", DriverFile("\tstruct resource *r[3];\n"
                              "\tu64 size = memory_block_size_bytes();\n"
                              "\tint i;\n"
                              "\tfor (i = 0; i < 3; i++) {\n"
                              "\t\tu64 start = 0x40000000 + i % 2 * size;\n"
                              "\t\toffline_and_remove_memory(start, size);\n"
                              "\t\tr[i] = request_mem_region(start, size, \"d\");\n"
                              "\t}\n"
                              "\tpr_info(\"%llx %llx %d\\n\", r[0]->start, r[1]->start, !r[2]);\n",
                              "#include <linux/ioport.h>\n#include <linux/memory_hotplug.h>\n"));
  cli.Write("s.scn", std::string(kMachine) + "task memtrace-1\n  write memtrace/enable 1\n");
  Has(cli("run --print-expect s.scn --driver=d.c").out, "\n  log 40000000 50000000 1\n");
}

TEST_CASE("a file may keep a part of what it has reserved", "[shim]") {
  const Cli cli;
  cli.Write("s.scn",
            "scenario 1\n"
            "driver rfc_v1\n"
            "machine kernel=5.11 debug_vm=off auto_online=off pages_per_block=4 "
            "pageblock_pages=2 max_order=2\n"
            "memory 4-9 node=0 zone=Normal\n"
            "task memtrace-1\n"
            "  write memtrace/enable 0x20000000\n"
            "  write memtrace/enable 0\n"
            "fault add_memory nth=1 -EEXIST\n");
  const std::string rfc = (fs::current_path() / "regress/drivers/memtrace_rfc.c").string();
  const Result r = cli(absl::StrCat("run --print-expect s.scn --driver=", rfc,
                                    " --define=FIX_RETRY,FIX_SIZE_FIRST"));
  INFO(r.out);
  CHECK(r.code == 0);
  Has(r.out, "verdict ok\n");
  Has(r.out, "memtrace: Failed to add trace memory to node 0\n");
}

// Those that no package of Debian's has: whoever has them says where.
TEST_CASE("older memtrace.c and our models of them agree", "[shim]") {
  const char* folder = std::getenv("HOTPLUG_OLDER_MEMTRACE");
  if (folder == nullptr) {
    std::fputs("skipped: HOTPLUG_OLDER_MEMTRACE names no folder (docs/your-driver.md)\n", stderr);
    return;
  }
  const Cli cli;
  uint32_t found = 0;
  for (const char* model : {"legacy", "rfc_v1", "merged"}) {
    const std::string file = absl::StrCat(folder, "/", model, ".c");
    if (!fs::exists(file)) continue;
    ++found;
    for (const std::string& compiler : kCompilers) {
      INFO(model << " " << compiler);
      const std::string name = absl::StrCat(model, ".c");
      CHECK(Agree(cli, Changed(cli, file, name, "", ""), {model, compiler, "", 2000}));
    }
  }
  CHECK(found > 0);
}

}  // namespace
}  // namespace hotplug
