#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzz targets in the manner of OSS-Fuzz: $CXX and $CXXFLAGS bring the sanitizers and the
# instrumentation, $LIB_FUZZING_ENGINE the engine. Reads $SRC/hotplug-fuzz and $SRC/seeds/TARGET,
# works in $WORK, and leaves in $OUT for each target fuzz_TARGET, its options, and its seeds if
# there are some. All libraries but those of the system are linked statically.

top="$SRC/hotplug-fuzz"
targets="$top/regress/tools/targets"

build="$WORK/hotplug-fuzz"

# target NAME MAX_LEN
target() {
  local name="$1" options="$OUT/fuzz_$1.options"
  cmake --build "$build" --target "fuzz_$name"
  cp "$build/fuzz_$name" "$OUT/"
  printf '[libfuzzer]\nmax_len = %d\ntimeout = 20\n' "$2" >"$options"
  if [[ -d "$SRC/seeds/$name" ]]; then
    zip -q -r -j "$OUT/fuzz_${name}_seed_corpus.zip" "$SRC/seeds/$name"
  fi
}

# The readers link Abseil as it is packaged, with libstdc++, so all is compiled with it. The machine
# that runs the targets does not have that either.
CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}" cmake -S "$top" -B "$build" -G Ninja \
  -DCMAKE_BUILD_TYPE=None -DLIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" -DHOTPLUG_READERS=ON \
  -DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++

for name in $("$targets" drivers) $("$targets" laws); do
  # It fails on purpose.
  [[ "$name" == canary ]] || target "$name" 512
done
for name in $("$targets" drivers); do
  [[ "$name" == canary ]] ||
    grep ' = ' "$top/fuzz/targets/driver.options" >>"$OUT/fuzz_$name.options"
done
for name in $("$targets" readers); do target "$name" 4096; done
