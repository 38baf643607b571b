#!/bin/bash -eu
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the fuzz targets in the manner of OSS-Fuzz: $CXX and $CXXFLAGS bring the sanitizers and the
# instrumentation, $LIB_FUZZING_ENGINE the engine. Reads $SRC/hotplug-fuzz and $SRC/seeds/TARGET,
# works in $WORK, and leaves in $OUT for each target fuzz_TARGET, its options, and its seeds if
# there are some. The targets link nothing but Boost.Context, and that statically.

cmake -S "$SRC/hotplug-fuzz" -B "$WORK/hotplug-fuzz" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DLIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"

targets="$SRC/hotplug-fuzz/regress/tools/targets"
for name in $("$targets"); do
  # It fails on purpose.
  [[ "$name" != canary ]] || continue
  cmake --build "$WORK/hotplug-fuzz" --target "fuzz_$name"
  cp "$WORK/hotplug-fuzz/fuzz_$name" "$OUT/"
  options="$OUT/fuzz_$name.options"
  printf '[libfuzzer]\nmax_len = 512\ntimeout = 20\n' >"$options"
  if grep -qx "$name" <<<"$("$targets" drivers)"; then
    grep ' = ' "$SRC/hotplug-fuzz/fuzz/targets/driver.options" >>"$options"
  fi
  if [[ -d "$SRC/seeds/$name" ]]; then
    zip -q -j "$OUT/fuzz_${name}_seed_corpus.zip" "$SRC/seeds/$name"/*
  fi
done
