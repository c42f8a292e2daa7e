# SPDX-License-Identifier: Apache-2.0
#
# packaging: what "make install" puts beside the programs.  Units of systemd
# are installed by the top-level Makefile.

sysusersdir = $(PREFIX)/lib/sysusers.d
sysctldir = $(PREFIX)/lib/sysctl.d

.PHONY: install-packaging
install-packaging:
	install -d $(DESTDIR)$(sysusersdir) $(DESTDIR)$(sysctldir)
	install -m 644 packaging/sysusers.d/tvd.conf $(DESTDIR)$(sysusersdir)/tvd.conf
	install -d $(DESTDIR)$(sbindir)
	install -m 755 packaging/tvd-db-cluster $(DESTDIR)$(sbindir)/tvd-db-cluster
	sed -i 's,/usr/local/share/tvd,$(datadir),; s,/usr/local/sbin,$(sbindir),' \
		$(DESTDIR)$(sbindir)/tvd-db-cluster
	install -m 644 packaging/sysctl.d/60-tvd.conf $(DESTDIR)$(sysctldir)/60-tvd.conf
install: install-packaging
