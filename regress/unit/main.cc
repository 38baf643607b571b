// SPDX-License-Identifier: GPL-2.0-or-later
//
// main() of the unit tests for Catch2 2.x; version 3 comes with its own.
#define CATCH_CONFIG_MAIN
#include "regress/unit/catch.h"
