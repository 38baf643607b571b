// SPDX-License-Identifier: GPL-2.0-or-later
//
// Catch2, version 2 or 3, whichever is installed.
#ifndef REGRESS_UNIT_CATCH_H_
#define REGRESS_UNIT_CATCH_H_

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

// A function of the simulated kernel.
#undef WARN

#endif  // REGRESS_UNIT_CATCH_H_
