# SPDX-License-Identifier: Apache-2.0
"""What the papers say of their cases, worked out by hand: CELLS of the flow
matrix in the words of what is measured, and which VLANs (LINKS) each host's
link to the fabric carries."""

# Table 3 of the TVD report, with another customer beside it.
TABLE3 = {
    ("yellow/domain-controller", "yellow"): "unrestricted",
    ("yellow/domain-controller", "red"): "no flow",
    ("yellow/gateway", "yellow"): "unrestricted",
    ("yellow/gateway", "red"): "P red/gateway",
    ("yellow/management-console", "yellow"): "unrestricted",
    ("yellow/management-console", "red"): "G: icmp tcp/22",
    ("red/domain-controller", "yellow"): "G",
    ("red/domain-controller", "red"): "unrestricted",
    ("red/gateway", "yellow"): "P yellow/gateway",
    ("red/gateway", "red"): "unrestricted",
    ("red/client-os", "yellow"): "no flow",
    ("red/client-os", "red"): "unrestricted",
    ("blue/client-os", "blue"): "unrestricted",
}

# Case study 2.
TMART = {
    ("paychecks4tmart/desktop", "paychecks4tmart"): "P paychecks4tmart/payroll: icmp tcp/443",
    ("paychecks4tmart/punch-machine", "paychecks4tmart"): "P paychecks4tmart/payroll: tcp/443",
    ("paychecks4tmart/mobile", "paychecks4tmart"): "P paychecks4tmart/payroll: icmp tcp/443",
    ("paychecks4tmart/contractor", "paychecks4tmart"): "P paychecks4tmart/payroll: tcp/443",
    ("paychecks4tmart/store-manager", "paychecks4tmart"):
        "P paychecks4tmart/payroll: icmp tcp/443 tcp/8443",
    ("paychecks4tmart/payroll", "tmart"): "P tmart/hr: tcp/636",
    ("paychecks4tmart/checks", "tmart"): "P tmart/accounting: tcp/443",
    ("paychecks4tmart/checks", "bank"): "G: tcp/443",
    ("paychecks4tmart/desktop", "tmart"): "no flow",
    ("paychecks4tmart/desktop", "bank"): "no flow",
    ("tmart/office", "paychecks4tmart"): "no flow",
    ("tmart/auditor", "paychecks4tmart"): "G: icmp tcp/443",
    ("paychecks/other-payroll", "paychecks4tmart"): "no flow",
    ("bank/clearing", "paychecks4tmart"): "no flow",
}

# Figure 4 of the TVDc paper.
DATACENTER = {
    ("ma/workload", "ma"): "unrestricted", ("ma/workload", "su"): "no flow",
    ("su/workload", "su"): "unrestricted", ("su/workload", "ma"): "no flow",
    ("ma/management", "ma"): "unrestricted", ("ma/management", "su"): "no flow",
    ("su/management", "su"): "unrestricted", ("su/management", "ma"): "no flow",
}

CELLS = {"outsourcing-3hosts": TABLE3, "tmart": TMART, "tmart-fabric": TMART,
         "datacenter": DATACENTER, "datacenter-conflict": DATACENTER}

LINKS = {
    "outsourcing-3hosts": {"operations": {110, 120}, "desktops": {120, 130},
                           "servers": {110, 120, 130}},
    "tmart-fabric": {"store-pc": {140, 160}, "tmart-server": {140, 160},
                     "paychecks1": {160}, "bank1": {160}},
    "datacenter": {"pm1": {210, 220}, "pm2": {210, 220}},
}
