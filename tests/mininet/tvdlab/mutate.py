# SPDX-License-Identifier: Apache-2.0
"""Policies at random: a small one to begin with, and changes of it that are
valid.  Everything of an EE is declared, so that one that is taken out and put
back later is the same one."""
import copy

from . import oracle

TVDS = ["a", "b", "c"]
ROLES = ["boss", "clerk"]


def base_policy():
    data = {"version": 1, "labels": {t: [t] for t in TVDS},
            "tvds": {}, "flows": {}, "ees": {}, "hosts": {"host1": {"label": "all"}}}
    data["labels"]["all"] = list(TVDS)
    for i, tvd in enumerate(TVDS):
        data["tvds"][tvd] = {"label": tvd, "roles": ["gateway", *ROLES],
                             "subnets": [f"10.{i + 1}.0.0/24", f"fd00:{i + 1}::/64"]}
        data["flows"][tvd] = {role: {} for role in ["gateway", *ROLES]}
        data["ees"][f"{tvd}-gw"] = ee(tvd, i, "gateway", 2)
        for j, role in enumerate(ROLES + ["clerk"] if i < 2 else ROLES):
            data["ees"][f"{tvd}{j}"] = ee(tvd, i, role, 10 + j)
    return data


def ee(tvd, i, role, number):
    return {"label": tvd, "kind": "namespace", "host": "host1", "nics": [
        {"tvd": tvd, "role": role, "mac": f"02:00:00:00:{i + 1:02x}:{number:02x}",
         "ip": [f"10.{i + 1}.0.{number}", f"fd00:{i + 1}::{number:x}"]}]}


def random_entry(rng, data, to):
    services = rng.choice([None, ["icmp"], ["udp/5000"], ["icmp", "udp/5000-5001"]])
    kind = rng.choice(["none", "unrestricted", "P", "P", "G", "G"])
    if kind in ("none", "unrestricted"):
        return kind
    entry = {"rule": kind}
    if services:
        entry["services"] = services
    if kind == "P":
        members = [n for n, e in data["ees"].items() if e["nics"][0]["tvd"] == to]
        entry["peers"] = rng.sample([f"{to}/{r}" for r in ROLES] + members,
                                    rng.randint(1, 2))
    return entry


def mutate(rng, data, all_ees):
    """Changes 'data' in place; returns what was done."""
    what = rng.choice(["entry"] * 6 + ["take out", "put back", "role", "tvd"])
    if what == "entry":
        tvd, role, to = rng.choice(TVDS), rng.choice(ROLES), rng.choice(TVDS)
        entry = random_entry(rng, data, to)
        data["flows"][tvd][role][to] = entry
        return f"{tvd}/{role} -> {to}: {entry}"
    ordinary = [n for n in data["ees"] if not n.endswith("-gw")]
    if what == "take out" and len(ordinary) > 5:
        name = rng.choice(ordinary)
        del data["ees"][name]
        drop_peer(data, name)
        return f"EE {name} taken out"
    if what == "put back":
        missing = sorted(set(all_ees) - set(data["ees"]))
        if missing:
            name = rng.choice(missing)
            data["ees"][name] = copy.deepcopy(all_ees[name])
            return f"EE {name} put back"
    if what == "role":
        name = rng.choice(ordinary)
        nic = data["ees"][name]["nics"][0]
        nic["role"] = rng.choice(ROLES)
        return f"EE {name} is now {nic['role']}"
    name = f"extra{rng.randint(1, 4)}"
    if data["tvds"].pop(name, None) is None:
        number = name[-1]
        data["tvds"][name] = {"label": "a", "roles": ["x"],
                              "subnets": [f"10.9{number}.0.0/24"]}
        return f"TVD {name} added"
    return f"TVD {name} removed"


def drop_peer(data, name):
    for by_role in data["flows"].values():
        for row in by_role.values():
            for to, entry in list(row.items()):
                if isinstance(entry, dict) and name in entry.get("peers", ()):
                    entry["peers"].remove(name)
                    if not entry["peers"]:
                        row[to] = "none"


class Verdicts:
    """What a policy of this kind says of flows, which are (src, dst, service)
    with the names of NICs."""

    def __init__(self, data):
        data = copy.deepcopy(data)
        nics = [oracle.Nic(name, "eth0", e["nics"][0]["tvd"], e["nics"][0]["role"])
                for name, e in data["ees"].items()]
        gateways = {n.tvd: n.name for n in nics if n.role == "gateway"}
        self.oracle = oracle.Oracle(data, nics, gateways)
        self._known = {}

    def __call__(self, key):
        """Whether it is allowed."""
        if key not in self._known:
            self._known[key] = key[0] in self.oracle.nics and key[1] in self.oracle.nics \
                and self.oracle.allowed(*key)
        return self._known[key]

    def way(self, key):
        """How an allowed packet goes: by which gateways, with state or without."""
        a, b = self.oracle.nics[key[0]], self.oracle.nics[key[1]]
        kinds = (self.oracle.entry(a.tvd, a.role, b.tvd)[0],
                 self.oracle.entry(b.tvd, b.role, a.tvd)[0])
        return tuple(self.oracle.via(key[0], key[1])), kinds == ("unrestricted",) * 2

    def explain(self, key):
        """The entries of both directions, in words."""
        a, b = self.oracle.nics.get(key[0]), self.oracle.nics.get(key[1])
        if not a or not b:
            return "not there"
        return (f"{a.tvd}/{a.role} -> {b.tvd}: "
                f"{self.oracle.entry_text(a.tvd, a.role, b.tvd)}, {b.tvd}/{b.role} -> "
                f"{a.tvd}: {self.oracle.entry_text(b.tvd, b.role, a.tvd)}")
