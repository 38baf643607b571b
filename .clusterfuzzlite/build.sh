#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzz targets in the manner of OSS-Fuzz: $CXX and $CXXFLAGS bring the sanitizers and the
# instrumentation, $LIB_FUZZING_ENGINE the engine. Reads $SRC/hotplug-fuzz and $SRC/seeds/TARGET,
# works in $WORK, and leaves in $OUT for each target fuzz_TARGET, its options, and its seeds if
# there are some. All libraries but those of the system are linked statically.

top="$SRC/hotplug-fuzz"
targets="$top/regress/tools/targets"

# configure FOLDER OPTION...
configure() {
  local folder="$1"
  shift
  cmake -S "$top" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=None \
    -DLIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" "$@"
}

# target FOLDER NAME MAX_LEN
target() {
  local name="$2" options="$OUT/fuzz_$2.options"
  cmake --build "$1" --target "fuzz_$name"
  cp "$1/fuzz_$name" "$OUT/"
  printf '[libfuzzer]\nmax_len = %d\ntimeout = 20\n' "$3" >"$options"
  if [[ -d "$SRC/seeds/$name" ]]; then
    zip -q -r -j "$OUT/fuzz_${name}_seed_corpus.zip" "$SRC/seeds/$name"
  fi
}

# The drivers and the laws link nothing but Boost.Context.
configure "$WORK/hotplug-fuzz"
for name in $("$targets" drivers) $("$targets" laws); do
  # It fails on purpose.
  [[ "$name" != canary ]] || continue
  target "$WORK/hotplug-fuzz" "$name" 512
done
for name in $("$targets" drivers); do
  [[ "$name" == canary ]] ||
    grep ' = ' "$top/fuzz/targets/driver.options" >>"$OUT/fuzz_$name.options"
done

# The readers link Abseil as it is packaged, with libstdc++, so all that they are made of is
# compiled with it, too.
CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}" configure "$WORK/readers" -DHOTPLUG_READERS=ON \
  -DCMAKE_EXE_LINKER_FLAGS=-static-libstdc++
for name in $("$targets" readers); do
  target "$WORK/readers" "$name" 4096
done
