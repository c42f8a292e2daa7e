# SPDX-License-Identifier: Apache-2.0
#
# lib: what every other folder may use.  Pure modules and thin OVS adapters.

LIB_SOURCES := \
	lib/api-client.c \
	lib/daemon-main.c \
	lib/dirs.c \
	lib/duration.c \
	lib/idl-redial.c \
	lib/model.c \
	lib/model-file.c \
	lib/model-text.c \
	lib/output.c \
	lib/remotes.c \
	lib/report.c \
	lib/suggest.c
$(eval $(call library,lib/tvd,$(LIB_SOURCES)))

# The database's side, apart because it needs a database to be of use.
$(eval $(call library,lib/tvd-db,$(B)/lib/tvd-idl.c $(B)/lib/tvd-schema.c \
	lib/tvd-db.c lib/tvd-db-read.c lib/tvd-db-view.c lib/tvd-db-write.c))

# Certificates: the authorities, and how hosts ask for theirs.  The adapters of
# OpenSSL are ca*.c and identity.c.
$(eval $(call library,lib/tvd-ca,lib/ca.c lib/ca-hosts.c lib/enrol.c \
	lib/identity.c))
