# SPDX-License-Identifier: Apache-2.0
#
# lib: what every other folder may use.  Pure modules and thin OVS adapters.

LIB_SOURCES := \
	lib/dirs.c \
	lib/idl-redial.c \
	lib/model.c \
	lib/output.c \
	lib/report.c \
	lib/suggest.c
$(eval $(call library,lib/tvd,$(LIB_SOURCES)))
