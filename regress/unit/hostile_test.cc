// SPDX-License-Identifier: GPL-2.0-or-later
//
// Drivers' files that would break whoever runs them. Method: one file with a misdeed for each value
// that is written to it, and one file for each misdeed at load, run by the command line. Goal: each
// ends soon, with one clear sentence and the right exit code; what a file does to its own process
// never looks like a result; and nothing stays behind.
#include <sys/resource.h>
#include <sys/stat.h>

#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "regress/unit/checked.h"
#include "regress/unit/cli.h"

namespace hotplug {
namespace {

constexpr char kOneTask[] =
    "scenario 1\n"
    "driver merged\n"
    "machine kernel=6.1 debug_vm=off auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-7 node=0 zone=Normal\n";

// regress/drivers/hostile.h has raw(), which makes a system call, and the like.
constexpr char kBefore[] = "#include <linux/init.h>\n#include \"hostile.h\"\n";

class Hostile : public Cli {
 public:
  Hostile() {
    fs::create_directory(folder() / "tmp");
    for (const char* name : {"hostile.c", "hostile.h"}) {
      fs::copy_file(fs::path("regress/drivers") / name, folder() / name);
    }
    setenv("TMPDIR", (folder() / "tmp").c_str(), 1);
  }
  ~Hostile() { unsetenv("TMPDIR"); }

  // Runs something that must not take long, of processor time, and leaves no folder. What waits for
  // ever is ended by ctest.
  Result Soon(const std::string& args) const {
    const auto seconds = [] {
      rusage used{};
      getrusage(RUSAGE_CHILDREN, &used);
      return used.ru_utime.tv_sec + used.ru_stime.tv_sec;
    };
    const auto before = seconds();
    Result r = (*this)(args);
    CHECK(seconds() - before < 30);
    INFO(r.out);
    CHECK(fs::is_empty(folder() / "tmp"));
    return r;
  }
};

// Each message is a line of its own.
void IsOneLine(const std::string& text, const std::string& line) {
  INFO(text);
  CHECK(text.find(line) != std::string::npos);
  CHECK(text.find('\n') == text.size() - 1);
}

struct Misdeed {
  int value;
  int code;
  const char* says;  // of code 6 the sentence, else a part of the report
};

// Here the kernel would have had an oops, and so has the simulated one.
constexpr Misdeed kReported[] = {
    {3, 1, "BUG: stack guard page was hit in recurse"},
    {10, 1, "BUG: stack guard page was hit in recurse"},
    {11, 1, "Unable to handle kernel paging request in misdeed"},
    {12, 1, "Unable to handle kernel paging request in misdeed"},
    {13, 1, "Unable to handle kernel paging request in misdeed"},
    {14, 1, "invalid opcode in misdeed"},
    {15, 1, "invalid opcode in misdeed"},
    {16, 1, "divide error in misdeed"},
    {17, 1, "Unable to handle kernel NULL pointer dereference in misdeed"},
    {18, 1, "Unable to handle kernel paging request in misdeed"},
    {19, 1, "Unable to handle kernel paging request in misdeed"},
    {20, 1, "Unable to handle kernel paging request in misdeed"},
    {21, 1, "Unable to handle kernel paging request in misdeed"},
    {22, 1, "Unable to handle kernel paging request in misdeed"},
    {23, 1, "Unable to handle kernel paging request in misdeed"},
    {24, 1, "Unable to handle kernel paging request in misdeed"},
    {25, 1, "slab-out-of-bounds in misdeed"},
    {26, 0, ""},
    {27, 1, "hotplug-fuzz: one more lock is not simulated"},
    {28, 1, "hotplug-fuzz: one more file is not simulated"},
    {29, 0, ""},
    {30, 3, ""},
    {31, 1, "Unable to handle kernel paging request in misdeed"},
};

// And here it is the file's own process that has an end.
constexpr Misdeed kDies[] = {
    {1, 6, "h.so: hang() at hostile.c:26: makes no progress for 1 s of processor time\n"},
    {2, 6, "h.so: hang() at hostile.c:26: makes no progress for 1 s of processor time\n"},
    {5, 6, "h.so: hang() at hostile.c:26: makes no progress for 1 s of processor time\n"},
    {6, 6, "h.so: hang() at hostile.c:26: makes no progress for 1 s of processor time\n"},
    {4, 6, "h.so: raw() at hostile.h:"},
    {40, 6, ": makes a system call of its own (number "},
    {41, 6, ": makes a system call of its own (number "},
    {42, 6, ": makes a system call of its own (number "},
    {43, 6, ": makes a system call of its own (number "},
    {44, 6, ": makes a system call of its own (number "},
    {45, 6, ": makes a system call of its own (number "},
    {46, 6, "h.so: set() at hostile.c:"},
    {47, 6, "h.so: set() at hostile.c:"},
    {48, 6, ": SIGSEGV: stack overflow\n"},
};

TEST_CASE("what a file does to the process is an oops, or said", "[hostile]") {
  const Hostile run;
  Result r = run.Soon("compile hostile.c -o h.so");
  INFO(r.out);
  REQUIRE(r.code == 0);
  const auto scenario = [&run](int value) {
    const std::string name = absl::StrCat(value, ".scn");
    run.Write(name,
              absl::StrCat(kOneTask, "task memtrace-1\n  write memtrace/enable ", value,
                           "\ntask user-2\n  after memtrace-1\n  write memory4/state offline\n"));
    return name;
  };
  for (const Misdeed& m : kReported) {
    INFO(m.value);
    r = run.Soon("explain " + scenario(m.value) + " --driver=h.so");
    CHECK(r.code == m.code);
    Has(r.out, m.says);
  }
  // What has been printed before stays, and no result of the file that dies.
  for (const Misdeed& m : kDies) {
    INFO(m.value);
    r = run.Soon(absl::StrCat("run empty ", scenario(m.value), " --driver=h.so --stall=1"));
    CHECK(r.code == 6);
    Begins(r.out, "empty: driver=h.so kernel=rfc verdict=ok ");
    IsOneLine(r.out.substr(r.out.find('\n') + 1), m.says);
    Begins(r.out.substr(r.out.find('\n') + 1), "h.so: ");
  }
  CHECK_FALSE(run.Exists("mine"));
  // Without the sandbox it can end its process, and still that is no result.
  r = run.Soon("run " + scenario(40) + " --driver=h.so --no-sandbox");
  CHECK(r.code == 6);
  CHECK(r.out == "h.so: has ended its process with exit code 0\n");
  r = run.Soon("run " + scenario(43) + " --driver=h.so --no-sandbox");
  CHECK(r.code == 0);
  CHECK(run.Exists("mine"));
}

TEST_CASE("ten seconds without progress are the end", "[hostile]") {
  if (testing::kChecked) return;
  const Hostile run;
  run.Write("h.c", "#include <linux/init.h>\nstatic int f(void) { for (;;) ; }\nmodule_init(f);\n");
  const Result r = run.Soon("run empty --driver=h.c --cc=gcc");
  CHECK(r.code == 6);
  CHECK(r.out == "h.c: f() at h.c:2: makes no progress for 10 s of processor time\n");
}

TEST_CASE("a signal ends the run and the file's process", "[hostile]") {
  const Hostile run;
  run.Write("h.c", std::string(kBefore) +
                       "static int f(void) { asm volatile(HANG); return 0; }\nmodule_init(f);\n");
  for (const std::string signal : {"TERM", "HUP"}) {
    const Result r = run.Soon("run empty --driver=h.c & sleep 1; kill -" + signal +
                              " $!; wait $!; echo $?; ps --ppid $! -o pid=");
    CHECK(r.out == (signal == "TERM" ? "143\n" : "129\n"));
  }
}

// ---- Misdeeds at load ----

struct AtLoad {
  const char* text;  // behind kBefore; it may use what is there
  int code;
  const char* says;
};

const AtLoad kAtLoad[] = {
    {"static int f(void) { asm volatile(ILLEGAL); return 0; }\nmodule_init(f);\n", 2,
     "h.c: its initcall: invalid opcode in f\n"},
    {"static int f(void) { return f() + zero; }\nmodule_init(f);\n", 2,
     "h.c: its initcall: BUG: stack guard page was hit in f\n"},
    {"static int f(void) { raw(EXIT_GROUP, 0, 0, 0); return 0; }\nmodule_init(f);\n", 6,
     "h.c: raw() at hostile.h:"},
    {"static int f(void) { for (;;) pr_info(\"x\\n\"); return 0; }\nmodule_init(f);\n", 2,
     "h.c: its initcall: it waits for ever\n"},
    {"static void __attribute__((constructor)) f(void) { raw(EXIT_GROUP, 0, 0, 0); }\n", 2,
     "h.c: its function f would run as it is loaded (a constructor)\n"},
    {"static void f(void) { raw(EXIT_GROUP, 0, 0, 0); }\n"
     "asm(\".section .init_array,\\\"aw\\\"\\n.quad f\\n.text\");\nvoid *g(void) { return f; }\n",
     2, "h.c: its function f would run as it is loaded (a constructor)\n"},
    {"static void __attribute__((destructor)) f(void) { raw(EXIT_GROUP, 0, 0, 0); }\n", 2,
     "h.c: its function f would run as it is unloaded (a destructor)\n"},
    {"void _init(void) { raw(EXIT_GROUP, 0, 0, 0); }\n", 2,
     "h.c: its function _init would run as it is loaded\n"},
    {"static void *r(void) { return 0; }\nint f(void) __attribute__((ifunc(\"r\")));\n"
     "int g(void) { return f(); }\n",
     2, "h.c: has an indirect function (f)\n"},
    {"static __thread int x __attribute__((tls_model(\"initial-exec\")));\n"
     "int f(void) { return x++; }\n",
     2, "h.c: has thread-local variables\n"},
    {"extern void exit(int);\nint f(void)\n{\n\texit(0);\n\treturn 0;\n}\n", 2,
     ": unknown kernel name exit\n"},
    {"extern void exit(int) __attribute__((weak));\nint f(void) { exit(0); return 0; }\n", 2,
     "h.c: unknown kernel name exit\n"},
    {"asm(\".section .note.GNU-stack,\\\"x\\\",@progbits\\n.text\");\n", 2,
     "h.c: asks for an executable stack\n"},
    {"static volatile char large[1ul << 30];\nint f(long i) { return large[i] = 1; }\n", 2,
     "h.c: is larger than 16 MiB with its data\n"},
    {"asm(\".data\\n.incbin \\\"/dev/zero\\\"\\n.text\");\n", 2, "h.c: does not compile\n"},
    {"#include \"h.c\"\n", 2, "h.c: does not compile\n"},
    {"#include \"/dev/zero\"\n", 2, "/dev/zero: is no regular file\n"},
    {"#define HEADER \"/dev/zero\"\n#include HEADER\n", 2, "h.c: "},
    {"#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint a[] = { B(B(B(1))) };\n", 2,
     "h.c: does not compile\n"},
    {"#define A x; x; x; x; x; x; x; x; x; x;\n#define B A A A A A A A A A A\n"
     "int f(void) { B B B B B B B B B B }\n",
     2, "h.c:"},
    {"int f(void) { return \033[31m; }\n", 2, "h.c: does not compile\n"},
};

TEST_CASE("what a file would do to who loads it is refused", "[hostile]") {
  const Hostile run;
  for (size_t i = 0; i < std::size(kAtLoad); i += testing::kNextRow) {
    const AtLoad& f = kAtLoad[i];
    INFO(f.text);
    run.Write("h.c", std::string(kBefore) + f.text);
    const Result r = run.Soon("run empty --driver=h.c");
    CHECK(r.code == f.code);
    Has(r.out, f.says);
    CHECK(r.out.find('\033') == std::string::npos);
    CHECK(r.out.size() < 20'000);
  }
}

TEST_CASE("what is no file of a driver is refused", "[hostile]") {
  const Hostile run;
  const std::string good = run.Read("hostile.c");
  // The compiler takes no file for an option.
  run.Write("-fplugin=x.c", good);
  run.Write("@x.c", good);
  CHECK(run.Soon("run empty --driver=-fplugin=x.c").code == 0);
  CHECK(run.Soon("run empty --driver=@x.c").code == 0);
  CHECK(run.Soon("run empty --driver=-fplugin=y.c").out ==
        "-fplugin=y.c: No such file or directory\n");
  fs::create_directory(run.folder() / "folder.c");
  REQUIRE(mkfifo((run.folder() / "fifo.c").c_str(), 0600) == 0);
  REQUIRE(mkfifo((run.folder() / "fifo.so").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", run.folder() / "zero.c");
  for (const std::string name : {"folder.c", "fifo.c", "fifo.so", "zero.c"}) {
    const Result r = run.Soon("run empty --driver=" + name);
    CHECK(r.code == 2);
    CHECK(r.out == name + ": is no regular file\n");
  }
  run.Write("large.c", std::string(size_t{100} << 20, ' '));
  Result r = run.Soon("run empty --driver=large.c");
  CHECK(r.code == 2);
  Begins(r.out, "large.c: is larger than ");

  run.Write("g.c", good);
  REQUIRE(run.Soon("compile g.c -o g.so").code == 0);
  const std::string object = run.Read("g.so");
  std::string other = object;
  other[18] = 40;  // the machine
  run.Write("other.so", other);
  run.Write("junk.so", "junk");
  for (const std::string name : {"other.so", "junk.so"}) {
    r = run.Soon("run empty --driver=" + name);
    CHECK(r.code == 2);
    CHECK(r.out == name + ": is no shared object of this machine\n");
  }
  // Wherever it is cut off or has other bytes: a sentence, or a run of what is still a driver.
  for (size_t i = 1; i <= 8; ++i) {
    run.Write("cut.so", object.substr(0, object.size() * i / 9));
    r = run.Soon("run empty --driver=cut.so");
    CHECK(r.code == 2);
    CHECK(r.out == "cut.so: is damaged\n");
    std::string changed = object;
    for (size_t k = 0; k < 64; ++k) changed[(i * 977 + k * 131) % 8192] ^= static_cast<char>(i);
    run.Write("changed.so", changed);
    r = run.Soon("run empty --driver=changed.so --stall=1");
    INFO(r.out);
    CHECK((r.code == 2 || r.code == 6 || r.code == 0));
    CHECK(!r.out.empty());
  }
}

}  // namespace
}  // namespace hotplug
