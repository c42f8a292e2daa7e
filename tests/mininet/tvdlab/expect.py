# SPDX-License-Identifier: Apache-2.0
"""What is expected of each flow: from tvdctl, and from the oracle."""
import json

from . import oracle, policy


class Expected:
    """allowed[(src, dst, service)] and via[(src, dst)] for all pairs of NICs
    (by name), with the disagreements between tvdctl and the oracle."""

    def __init__(self):
        self.allowed = {}
        self.via = {}
        self.disagreements = []

    def stateless(self, src, dst, services):
        """Whether everything passes directly in both directions."""
        return all(self.allowed[(a, b, s)] and not self.via[(a, b)]
                   for a, b in ((src, dst), (dst, src)) for s in services)


def make_oracle(data, nics):
    members = [oracle.Nic(n["ee"], n["name"], n["tvd"], n["role"]) for n in nics]
    mute = [f"{n['ee']}/{n['name']}" for n in nics if n["state"] == "refused"]
    return oracle.Oracle(data, members, gateways(nics), mute)


def gateways(nics):
    """The gateway NIC of each TVD.  Which one it is, of several in the gateway
    role, is the controller's choice; the oracle takes its word for that, if
    the role is right."""
    return {n["tvd"]: f"{n['ee']}/{n['name']}" for n in nics
            if n["gateway"] and n["role"] == oracle.GATEWAY_ROLE}


def pairs(nics):
    """Ordered pairs of NICs of different EEs that packets can be sent between."""
    return [(a, b) for a in nics for b in nics if a["ee"] != b["ee"]]


def from_oracle(data, nics, services):
    judge = make_oracle(data, nics)
    expected = Expected()
    for a, b in pairs(nics):
        src, dst = f"{a['ee']}/{a['name']}", f"{b['ee']}/{b['name']}"
        expected.via[(src, dst)] = judge.via(src, dst)
        for service in services:
            expected.allowed[(src, dst, service)] = judge.allowed(src, dst, service)
    return expected


def compare_with_tvdctl(expected, text, mute):
    """Compares with the answers of "tvdctl can --all --format=json": notes
    where they differ.  NICs that the host has refused are left out, because
    tvdctl is asked about the policy alone."""
    data = json.loads(text)
    answers = data["rows"] if isinstance(data, dict) else data
    seen = set()
    for answer in answers:
        src, dst, service = answer["src"], answer["dst"], answer["service"]
        key = (src, dst, service)
        if key not in expected.allowed or src in mute or dst in mute:
            continue
        seen.add(key)
        if bool(answer["allowed"]) != expected.allowed[key]:
            expected.disagreements.append(
                f"{src} -> {dst} {service}: tvdctl says {_word(answer['allowed'])}, "
                f"the oracle {_word(expected.allowed[key])}")
        elif answer["allowed"] and answer["path"][1:-1] != expected.via[(src, dst)]:
            expected.disagreements.append(
                f"{src} -> {dst} {service}: tvdctl says the path is "
                f"{' '.join(answer['path'])}, the oracle has "
                f"{' '.join(expected.via[(src, dst)]) or 'no gateway'} on it")
    missing = {k for k in expected.allowed
               if k not in seen and k[0] not in mute and k[1] not in mute}
    if missing:
        src, dst, service = min(missing)
        expected.disagreements.append(
            f"tvdctl says nothing about {len(missing)} flows, for example "
            f"{src} -> {dst} {service}")


def _word(allowed):
    return "allowed" if allowed else "denied"


def expect(lab, nics, services):
    """The expectation of all flows of 'lab'."""
    path = lab.info["policy"]
    expected = from_oracle(policy.load(path), nics, services)
    mute = {f"{n['ee']}/{n['name']}" for n in nics if n["state"] == "refused"}
    text = lab.can(path, services)
    compare_with_tvdctl(expected, text, mute)
    return expected
