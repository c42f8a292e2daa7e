# SPDX-License-Identifier: Apache-2.0
#
# lib: what every other folder may use.  Pure modules and thin OVS adapters.

$(eval $(call library,lib/tvd,lib/dirs.c lib/model.c lib/output.c lib/suggest.c))
