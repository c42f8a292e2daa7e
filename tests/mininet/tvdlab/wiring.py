# SPDX-License-Identifier: Apache-2.0
"""How a policy file says that its hosts are cabled to switches.

Pure.  A lab plays the switches of a policy if each host of it has a port of
one, and they can be played: managed by SNMPv3, with an IPv4 address, their
ports named by number or as tvd-switchsim(8) calls them."""
import copy
import ipaddress
import re

MAX_PORTS = 64                  # Of a switch that is played.
PORT = re.compile(r"(?:Gi1/0/|Port )?([1-9][0-9]{0,3})")


class Unplayable(Exception):
    """The text says what of the policy a lab can not play."""


class Wiring:
    """'switches' are bodies by name; 'hosts' maps a host, 'ports' a switch's
    ports (all of them, by number) to what is there: ("host", name), ("switch",
    name) or None; 'cables' are pairs of (switch, number)."""

    def __init__(self, data):
        self.switches = {name: body or {} for name, body in (data.get("switches") or {}).items()}
        self.hosts = {}
        self.ports = {name: {} for name in self.switches}
        self.cables = []
        for name, body in self.switches.items():
            check_switch(name, body)
        for host, body in (data.get("hosts") or {}).items():
            self._add_host(host, body or {})
        for name, body in self.switches.items():
            for port in body.get("ports") or {}:
                self.ports[name].setdefault(number(name, port), None)
            for port, end in (body.get("links") or {}).items():
                self._add_cable((name, number(name, port)),
                                (end["switch"], number(end["switch"], end["port"])))
        for ports in self.ports.values():
            for n in range(1, max(ports, default=1) + 1):
                ports.setdefault(n, None)

    def _add_host(self, host, body):
        if "switch" not in body or "port" not in body:
            raise Unplayable(f"host '{host}' is at no port of a switch")
        n = number(body["switch"], body["port"])
        self.hosts[host] = (body["switch"], n)
        self.ports[body["switch"]][n] = ("host", host)

    def _add_cable(self, one, other):
        if (other, one) in self.cables:
            return              # It is told from both ends.
        self.cables.append((one, other))
        for (name, n), (peer, _) in ((one, other), (other, one)):
            self.ports[name][n] = ("switch", peer)


def check_switch(name, body):
    snmp = body.get("snmp") or {}
    if str(snmp.get("version", 3)) != "3" or "credentials" not in snmp:
        raise Unplayable(f"switch '{name}' is not managed by SNMPv3")
    try:
        ipaddress.IPv4Address(str(body.get("address")))
    except ValueError:
        raise Unplayable(f"switch '{name}' has no IPv4 address") from None


def number(switch, port):
    """The number of the port of 'switch' that a policy calls 'port'."""
    match = PORT.fullmatch(str(port))
    if not match or int(match[1]) > MAX_PORTS:
        raise Unplayable(f"port '{port}' of switch '{switch}' is not one of 1 to {MAX_PORTS}")
    return int(match[1])


def of_policy(data):
    """(Wiring of policy file 'data', None), or (None, why there is none): None
    if the file says nothing of switches or has but one host."""
    if len(data.get("hosts") or {}) < 2 or not data.get("switches"):
        return None, None
    try:
        return Wiring(data), None
    except Unplayable as e:
        return None, str(e)


def unmanaged(data):
    """(policy, note): 'data' for a lab that does not play its switches: they
    are not to be managed, or everything would wait for what is not there."""
    data = copy.deepcopy(data)
    bodies = [body for body in (data.get("switches") or {}).values()
              if (body or {}).get("snmp")]
    for body in bodies:
        body["manage"] = False
    return data, "the switches of the policy are not there" if bodies else None


def behind(data, count):
    """A copy of policy 'data' whose hosts are behind 'count' switches, in turn,
    each of which has a cable to the next, in place of those that it may have.
    One host needs none; see spread()."""
    data = copy.deepcopy(data)
    names = [f"switch{i + 1}" for i in range(count)]
    hosts = data.get("hosts") or {}
    if len(hosts) < 2:
        return data
    for i, body in enumerate(hosts.values()):
        body.update(switch=names[i % count], port=str(1 + i // count))
    # On each, the cables have the ports after those of the hosts.
    first = 1 + (len(hosts) + count - 1) // count
    data["switches"] = {name: {
        "address": f"192.0.2.{201 + i}", "snmp": {"version": 3, "credentials": name}}
        for i, name in enumerate(names)}
    for name, following in zip(names, names[1:]):
        data["switches"][name]["links"] = {
            str(first): {"switch": following, "port": str(first + 1)}}
    return data


def spread(data, count):
    """A copy of policy 'data', which has one host, with 'count' like it, between
    which all TVDs go in VLANs; EEs that are bound are bound to them in turn."""
    data = copy.deepcopy(data)
    (host, body), = data["hosts"].items()
    names = [f"{host}{i + 1}" for i in range(count)]
    data["hosts"] = {name: copy.deepcopy(body) for name in names}
    bound = [ee for ee in (data.get("ees") or {}).values() if "host" in ee]
    for i, ee in enumerate(bound):
        ee["host"] = names[i % count]
    for tvd in (data.get("tvds") or {}).values():
        tvd["channel"] = "vlan"
    return data
