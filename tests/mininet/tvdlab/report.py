# SPDX-License-Identifier: Apache-2.0
""" "lab probe": measures everything, compares, and says what differs."""
import json
import shutil
import sys
import time

from . import capture, expect, matrix, policy, probe

SHOWN = 40                      # Differences listed in the table output.


class Result:
    def __init__(self):
        self.matrix = None
        self.differences = []   # Text, one each.
        self.unsolicited = 0    # Sent on forbidden ways,
        self.intruded = []      # and what of it arrived.
        self.control = (0, 0)   # Arrived and sent on unrestricted ways.
        self.flows = 0
        self.lost = 0
        self.links = {}         # {host: {VLAN id or None: frames}}
        self.seconds = 0.0
        self.counters = {}      # Gateway to {counter: packets of this run}.

    def ok(self):
        return not self.differences and not self.intruded


def measure(lab, say=lambda text: None):
    """Probes all of 'lab'; returns a Result."""
    began = time.monotonic()
    result = Result()
    nics = [n for n in lab.nics if n["ips"]]
    data = policy.load(lab.info["policy"])
    services = policy.probe_services(data)
    expected = expect.expect(lab, nics, services)
    result.differences += expected.disagreements
    judge = expect.make_oracle(data, nics)
    result.matrix = matrix.Matrix(data, judge)
    before = gateway_counters(lab)
    prober = probe.Prober(lab, nics)
    watch = capture.Watch(lab)
    watch.start()
    try:
        prober.open(services)
        flows = _flows(prober, expected, services)
        say(f"probing {len(flows)} flows between {len(nics)} NICs "
            f"({', '.join(services)}; IPv4 and IPv6)")
        _probe_unsolicited(prober, expected, services, result)
        prober.run(flows)
    finally:
        prober.close()
        watch.stop()
    result.links = watch.tags()
    result.differences += capture.judge(watch, lab.facts(), lab.tvds())
    gateways = set(judge.gateways.values())
    for flow in flows:
        wrong = matrix.judge(flow, expected, gateways)
        result.matrix.add(flow, wrong)
        if wrong:
            result.differences.append(f"{_name(flow)}: {wrong}")
    result.flows, result.lost = len(flows), prober.lost
    if prober.lost:
        result.differences.append(f"{prober.lost} frames were not looked at: "
                                  "the machine is too slow or too busy")
    result.counters = grown(before, gateway_counters(lab))
    result.seconds = time.monotonic() - began
    return result


def _name(flow):
    return f"{flow.src.name} -> {flow.dst.name} {flow.service} IPv{6 if flow.v6 else 4}"


def _pairs(prober):
    for src in prober.nics.values():
        for dst in prober.nics.values():
            if src.ee != dst.ee:
                for v6 in (False, True):
                    if v6 in src.ips and v6 in dst.ips:
                        yield src, dst, v6


def _flows(prober, expected, services):
    return [probe.Flow(src, dst, v6, service,
                       expected.allowed[(src.name, dst.name, service)])
            for src, dst, v6 in _pairs(prober) for service in services]


def _probe_unsolicited(prober, expected, services, result):
    """Sends answers to nothing: where the sender may not open a connection
    none may arrive.  Where everything is unrestricted they do arrive, which
    shows that they were sent and would be seen."""
    port = max(int(s.split("/")[1]) for s in services if s.startswith("tcp/"))
    port = 7777 if f"tcp/{7777}" in services else port
    kinds = {f"synack/{port}": f"tcp/{port}", f"ack/{port}": f"tcp/{port}",
             f"rst/{port}": f"tcp/{port}", f"udp/{port}": f"udp/{port}",
             "echo-reply": "icmp"}
    denied, control = [], []
    for src, dst, v6 in _pairs(prober):
        free = expected.stateless(src.name, dst.name, services)
        for kind, service in kinds.items():
            flow = probe.Flow(src, dst, v6, kind, False)
            if not expected.allowed[(src.name, dst.name, service)]:
                denied.append(flow)
            elif free:
                control.append(flow)
    prober.run_unsolicited(denied + control)
    result.unsolicited = len(denied)
    for flow in denied:
        if flow.request_at:
            result.intruded.append(f"{_name(flow)} without a connection: arrived at "
                                   f"{', '.join(sorted(flow.request_at))}")
    arrived = sum(1 for f in control if f.dst.name in f.request_at)
    result.control = (arrived, len(control))
    if control and not arrived:
        result.differences.append("answers without a connection could not be measured: "
                                  "none arrived where all is unrestricted")


def gateway_counters(lab):
    """{gateway EE: {counter: packets}} of the managed gateways."""
    found = {}
    for nic in lab.nics:
        if nic["managed"]:
            status, out = lab.run(nic["ee"], "nft", "-j", "list", "counters", check=False)
            found[nic["ee"]] = {}
            for item in (json.loads(out).get("nftables", []) if not status else []):
                if "counter" in item:
                    counter = item["counter"]
                    name = counter.get("comment") or counter["name"]
                    found[nic["ee"]][name] = counter["packets"]
    return found


def grown(before, after):
    return {ee: {name: packets - before.get(ee, {}).get(name, 0)
                 for name, packets in counters.items()
                 if packets > before.get(ee, {}).get(name, 0)}
            for ee, counters in after.items()}


def show(result, out=sys.stdout):
    width = shutil.get_terminal_size((200, 24)).columns
    print(file=out)
    for line in result.matrix.draw(width):
        print(line, file=out)
    print(file=out)
    for ee, counters in result.counters.items():
        text = ", ".join(f"{name} {packets}" for name, packets in counters.items())
        print(f"gateway {ee} counted: {text or 'nothing'}", file=out)
    print(f"answers without a connection: {result.unsolicited} packets sent on forbidden "
          f"ways, {len(result.intruded)} arrived ({result.control[0]} of "
          f"{result.control[1]} did where all is unrestricted)", file=out)
    for host, tags in result.links.items():
        text = ", ".join(f"vlan {tag} {count}" if tag else f"untagged {count}"
                         for tag, count in sorted(tags.items(), key=str))
        print(f"link of {host} carried: {text or 'nothing'}", file=out)
    wrong = result.differences + result.intruded
    for text in wrong[:SHOWN]:
        print(f"DIFFERS: {text}", file=out)
    if len(wrong) > SHOWN:
        print(f"... and {len(wrong) - SHOWN} more differences", file=out)
    right, total = result.matrix.count()
    rest = result.matrix.unmeasured()
    print(f"{right} of {total} cells as declared"
          + (f" ({len(wrong)} differences)" if wrong else "")
          + f"; {result.flows} flows, {result.seconds:.1f} s"
          + (f"; {rest} cells have no pair of EEs" if rest else ""), file=out)


def to_json(result):
    right, total = result.matrix.count()
    cells = []
    for cell in result.matrix.cells.values():
        cells.append({
            "from": f"{cell.tvd}/{cell.role}", "to": cell.to,
            "declared": result.matrix.declared(cell),
            "measured": result.matrix.measured(cell),
            "flows": len(cell.flows),
            "classes": [{"version": 6 if v6 else 4, "class": kind, "as_declared": good}
                        for (v6, kind), good in sorted(cell.classes().items())]})
    return {"as_declared": right, "cells_measured": total, "cells": cells,
            "differences": result.differences + result.intruded,
            "unsolicited": {"sent": result.unsolicited, "arrived": len(result.intruded)},
            "flows": result.flows, "seconds": round(result.seconds, 2),
            "links": {host: {str(tag or "untagged"): count for tag, count in tags.items()}
                      for host, tags in result.links.items()},
            "gateway_counters": result.counters, "ok": result.ok()}


def run(lab, form):
    if form == "json":
        result = measure(lab)
        print(json.dumps(to_json(result), indent=2))
    else:
        result = measure(lab, lambda text: print(f"lab: {text}", flush=True))
        show(result)
    return 0 if result.ok() else 1
