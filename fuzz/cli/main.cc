// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "fuzz/cli/cli.h"

namespace hotplug::cli {

namespace {

struct Verb {
  const char* name;
  ExitCode (*main)(const Args& args);
  uint32_t min_args;
  uint32_t max_args;
  std::vector<std::string> flags;
  const char* usage;
};

const std::vector<Verb>& Verbs() {
  static const auto* verbs = new std::vector<Verb>{
      {"run",
       Run,
       1,
       UINT32_MAX,
       {"driver", "kernel", "cc", "define", "param", "preempt", "trace", "verify", "expect",
        "print_expect", "record", "against"},
       "run FILE...             a line for each: what came out\n"
       "  --trace                 and the trace below it\n"
       "  --verify                run twice and compare the digests\n"
       "  --expect                compare with the expect block instead; silent if it is so\n"
       "  --print-expect          print the expect block instead\n"
       "  --against=DRIVER        compare the driver with one of ours instead; silent if they "
       "agree\n"
       "  --record=OUT            and write what happened as a recording, which conform reads"},
      {"explain",
       Explain,
       1,
       1,
       {"driver", "kernel", "cc", "define", "param", "preempt"},
       "explain FILE            the report"},
      {"minimize",
       Minimize,
       1,
       1,
       {"driver", "kernel", "cc", "define", "param", "preempt", "out"},
       "minimize FILE -o OUT    the smallest scenario with the same DEDUP_TOKEN, as text"},
      {"promote",
       Promote,
       1,
       1,
       {"driver", "kernel", "name", "comment", "out"},
       "promote FILE --name=N   minimize into regress/crashes, with an expect block\n"
       "  --comment=TEXT          what it shows, in place of a generated sentence\n"
       "  -o DIR                  another folder"},
      {"cures",
       Cures,
       1,
       UINT32_MAX,
       {"driver", "kernel"},
       "cures FILE...           the known fixes that a finding goes away with"},
      {"show", Show, 1, 1, {"driver", "kernel"}, "show FILE               as text"},
      {"encode", Encode, 1, 1, {"driver", "kernel", "out"}, "encode FILE -o OUT      as bytes"},
      {"compile",
       Compile,
       1,
       1,
       {"cc", "define", "param", "out"},
       "compile FILE.c -o OUT.so  a driver's own file, for --driver=OUT.so"},
      {"coverage",
       Coverage,
       1,
       UINT32_MAX,
       {"driver", "kernel", "cc", "define", "param", "preempt"},
       "coverage FILE|DIR... --driver=FILE.c  which of its lines run, and which never do"},
      {"conform",
       Conform,
       1,
       UINT32_MAX,
       {"keep_going"},
       "conform TRACE...        the model against recordings of real kernels\n"
       "  --keep-going            count all differences instead of stopping at the first"},
      {"report",
       ReportFiles,
       1,
       UINT32_MAX,
       {"driver", "kernel", "cc", "define", "param", "preempt", "format", "distinct"},
       "report FILE...          what came out, for continuous integration\n"
       "  --format=junit|sarif\n"
       "  --distinct              of the files with one DEDUP_TOKEN the smallest only"},
      {"check-refactor",
       CheckRefactor,
       2,
       2,
       {"count", "seed"},
       "check-refactor OLD NEW  two builds: does anything that can be seen differ?\n"
       "                        each is a hotplug-fuzz, or a git revision, which is built\n"
       "  --count=N               so many generated scenarios (2000)\n"
       "  --seed=N                from this seed on (1)"},
      {"list",
       List,
       1,
       1,
       {},
       "list WHAT               drivers, kernels, fixes, invariants, actors or operations"},
  };
  return *verbs;
}

void PrintUsage(std::FILE* to) {
  std::fputs("usage: hotplug-fuzz VERB ...\n\n", to);
  for (const Verb& verb : Verbs()) std::fprintf(to, "%s\n", verb.usage);
  std::fputs(
      "\n"
      "FILE is a scenario as text or as bytes. Wherever there is one:\n"
      "  --driver=NAME           instead of the scenario's\n"
      "  --kernel=NAME           instead of the scenario's\n"
      "run, explain, minimize, report and coverage take a driver's own file "
      "(docs/your-driver.md):\n"
      "  --driver=FILE.c         or what compile has made of it\n"
      "  --cc=COMPILER           that compiles it, --define=MACRO[=VALUE],...\n"
      "  --param=NAME=VALUE,...  its module parameters\n"
      "  --preempt=memory        it may be preempted at each access to shared memory, too\n"
      "\n"
      "exit codes: 0 all well, 1 a violation or not as expected, 2 usage or unreadable input,\n"
      "3 liveness or step limit, 4 some cannot be compared and none differs,\n"
      "5 two digests for one input\n",
      to);
}

ExitCode Main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  if (std::strcmp(name, "help") == 0 || std::strcmp(name, "--help") == 0) {
    PrintUsage(stdout);
    return kAllWell;
  }
  for (const Verb& verb : Verbs()) {
    if (std::strcmp(verb.name, name) != 0) continue;
    const absl::StatusOr<Args> args = ParseArgs(argc, argv, verb.flags);
    if (!args.ok())
      return Complain(absl::StrCat("hotplug-fuzz ", name, ": ", args.status().message()));
    if (args->size() < verb.min_args || args->size() > verb.max_args) {
      return Complain(absl::StrCat("usage: hotplug-fuzz ", verb.usage));
    }
    return verb.main(*args);
  }
  if (name[0] != '\0') Complain(absl::StrCat("hotplug-fuzz: no verb ", name));
  PrintUsage(stderr);
  return kUsage;
}

}  // namespace

ExitCode Worse(ExitCode a, ExitCode b) {
  for (const ExitCode code : {kUsage, kTwoDigests, kFailed, kStuck, kSkipped}) {
    if (a == code || b == code) return code;
  }
  return kAllWell;
}

ExitCode ExitCodeOf(run::Verdict verdict) {
  switch (verdict) {
    case run::Verdict::kOk:
      return kAllWell;
    case run::Verdict::kViolation:
      return kFailed;
    case run::Verdict::kLiveness:
    case run::Verdict::kLimit:
      break;
  }
  return kStuck;
}

}  // namespace hotplug::cli

int main(int argc, char** argv) { return hotplug::cli::Main(argc, argv); }
