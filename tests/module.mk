# SPDX-License-Identifier: Apache-2.0
#
# Unit tests and fuzz targets.  Each folder's tests have a fragment of their
# own, tests/unit/FOLDER.mk and tests/fuzz/FOLDER.mk, that uses the macros of
# the top-level Makefile.

include $(wildcard tests/unit/*.mk tests/fuzz/*.mk)
