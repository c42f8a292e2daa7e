# SPDX-License-Identifier: Apache-2.0
"""What a policy file means, read straight from its YAML.

This is written from the TVD report (section 3, Table 3) and the description
of the language alone, and shares nothing with the product: where the two
disagree, one of them is wrong.

  entry(source role, destination TVD) decides a new connection; inside a TVD
  the default is unrestricted, between TVDs none.
  unrestricted   everything, directly.
  none           nothing.
  P              the named peers, the named services, directly.
  G              the named services, through the gateway of the source's TVD
                 and that of the destination's.
"""
from .policy import parse_service

GATEWAY_ROLE = "gateway"
DEFAULT_ROLE = "member"


class Nic:
    """One NIC: 'name' is "EE/NIC"."""

    def __init__(self, ee, name, tvd, role):
        self.ee = ee
        self.name = f"{ee}/{name}"
        self.tvd = tvd
        self.role = role

    def is_gateway(self):
        return self.role == GATEWAY_ROLE


class Oracle:
    def __init__(self, data, nics, gateways, mute=()):
        """'nics' are Nic objects; 'gateways' maps a TVD to the name of the NIC
        that is its gateway; 'mute' are NICs that the host has refused."""
        self.flows = data.get("flows") or {}
        self.nics = {nic.name: nic for nic in nics}
        self.gateways = gateways
        self.mute = set(mute)

    def entry(self, tvd, role, to):
        """(rule, peers, services); peers and services None for all."""
        row = (self.flows.get(tvd) or {}).get(role) or {}
        declared = row.get(to)
        if declared is None:
            declared = "unrestricted" if tvd == to else "none"
        if isinstance(declared, str):
            declared = {"rule": declared}
        services = declared.get("services")
        peers = declared.get("peers") if declared["rule"] == "P" else None
        return declared["rule"], peers, services

    def allowed(self, src, dst, service):
        """Whether 'src' may open 'service' at 'dst' (names of NICs)."""
        a, b = self.nics[src], self.nics[dst]
        if src in self.mute or dst in self.mute:
            return False
        rule, peers, services = self.entry(a.tvd, a.role, b.tvd)
        if rule == "none":
            return False
        if rule == "unrestricted":
            return True
        if services and not any(self._covers(s, service) for s in services):
            return False
        if rule == "P":
            return f"{b.tvd}/{b.role}" in peers or b.ee in peers
        return a.tvd in self.gateways and b.tvd in self.gateways

    def via(self, src, dst):
        """The gateway NICs that an allowed packet passes, in order."""
        a, b = self.nics[src], self.nics[dst]
        if self.entry(a.tvd, a.role, b.tvd)[0] != "G":
            return []
        path = []
        for tvd in (a.tvd, b.tvd):
            gateway = self.gateways.get(tvd)
            if gateway not in (src, dst) and gateway not in path:
                path.append(gateway)
        return path

    @staticmethod
    def _covers(declared, service):
        wanted, port, _ = parse_service(service)[0]
        return any(proto == wanted and (first is None or first <= port <= last)
                   for proto, first, last in parse_service(declared))

    def entry_text(self, tvd, role, to):
        """A matrix cell as declared, in words."""
        rule, peers, services = self.entry(tvd, role, to)
        what = " ".join(str(s) for s in services) if services else ""
        if rule == "P":
            return f"P {', '.join(peers)}" + (f": {what}" if what else "")
        if rule == "G":
            return f"G: {what}" if what else "G"
        return "no flow" if rule == "none" else rule
