# SPDX-License-Identifier: Apache-2.0
#
# cli: tvdctl.  Everything but main() is an archive, for the unit tests.

cli_sources := \
	cli/apply.c \
	cli/can.c \
	cli/changes.c \
	cli/check.c \
	cli/choose.c \
	cli/ee.c \
	cli/enrol.c \
	cli/events.c \
	cli/help.c \
	cli/host.c \
	cli/local.c \
	cli/options.c \
	cli/plan.c \
	cli/remote.c \
	cli/report.c \
	cli/show.c \
	cli/status.c \
	cli/switch.c \
	cli/tls.c \
	cli/verbs.c \
	cli/wait.c

$(eval $(call library,cli/cli,$(cli_sources)))

cli_archives := cli/libcli.a gateway/libgateway-core.a \
	flowpolicy/libflowpolicy.a flowpolicy/libflowpolicy-core.a lib/libtvd.a
$(eval $(call program,cli/tvdctl,cli/main.c,$(cli_archives),$(flowpolicy_libs)))
