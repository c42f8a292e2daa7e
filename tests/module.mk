# SPDX-License-Identifier: Apache-2.0
#
# Unit tests, fuzz targets and what benchmarks need.  Each folder's tests have a
# fragment of their own, tests/unit/FOLDER.mk and tests/fuzz/FOLDER.mk, that
# uses the macros of the top-level Makefile.

include $(wildcard tests/unit/*.mk tests/fuzz/*.mk tests/bench/*.mk)
