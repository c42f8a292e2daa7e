# SPDX-License-Identifier: Apache-2.0

$(eval $(call program,tests/flow-watch,tests/bench/flow-watch.c,))
