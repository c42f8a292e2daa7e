# SPDX-License-Identifier: Apache-2.0
#
# schema: the TVD database schema; C bindings for it, and its text as a C
# string so that the controller needs no file to make a database.

IDLC = PYTHONPATH=$(OVSDIR)/python PYTHONDONTWRITEBYTECODE=1 \
	$(PYTHON3) $(OVSDIR)/ovsdb/ovsdb-idlc.in

$(B)/schema/tvd.ovsidl: schema/tvd.ovsschema schema/tvd.ann $(B)/ovs.mk
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(IDLC) annotate schema/tvd.ovsschema schema/tvd.ann > $@

$(B)/lib/tvd-idl.h: $(B)/schema/tvd.ovsidl
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(IDLC) c-idl-header $< > $@

$(B)/lib/tvd-idl.c: $(B)/schema/tvd.ovsidl
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(IDLC) c-idl-source $< > $@

$(B)/lib/tvd-schema.c: schema/tvd.ovsschema
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)( echo '#include "lib/tvd-db.h"'; \
	      echo 'const char tvd_db_schema[] ='; \
	      sed 's/["\\]/\\&/g; s/^/    "/; s/$$/\\n"/' $<; \
	      echo ';' ) > $@

GENERATED += $(B)/lib/tvd-idl.h
# The generator assigns string constants to "char *".
$(B)/lib/tvd-idl.o: WARN += -Wno-write-strings
