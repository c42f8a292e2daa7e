# SPDX-License-Identifier: Apache-2.0
"""What was done to the switches of a lab over SNMP: their ports as they came out
of the box and as they are, both as the controller reads them."""
import json
import sys


def changes(lab):
    """{switch: (what it is, [(port, VLANs before, VLANs now, role and what for)],
    sentence about how it was configured)} of a lab brought up with 'look'."""
    found = {}
    for name, before in sorted(lab.request("out_of_box").items()):
        now = json.loads(lab.ctl("--format=json", "switch", "show", name))
        state = "as wanted" if now["in_sync"] else f"NOT as wanted: {now['error']}"
        was = {port["port"]: port for port in before["ports"]}
        found[name] = (f"{now['address']}, {now['profile']}",
                       [(port["port"], vlans(was.get(port["port"])), vlans(port), purpose(port))
                        for port in now["ports"]],
                       f"SETs: {now['sets']}, times read: {now['reads']}; {state}")
    return found


def vlans(port):
    """The VLANs of a port in a few words."""
    if not port:
        return "?"
    parts = [f"{kind} {port[kind]}" for kind in ("untagged", "tagged")
             if port[kind] not in (None, "-")]
    return ", ".join(parts) or "none"


def purpose(port):
    role, what = port["role"], port["what"]
    if role and what and not what.startswith(role):
        return f"{role}, {what}"
    return what or role or "not ours, left alone"


def show(lab, out=sys.stdout):
    found = changes(lab)
    for name, (what, ports, how) in found.items():
        print(f"\nswitch {name} ({what}), over SNMPv3:", file=out)
        rows = [("port", "out of the box", "now", ""), *ports]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        for row in rows:
            line = "  ".join(text.ljust(width) for text, width in zip(row, widths))
            print(f"  {line}  {row[3]}".rstrip(), file=out)
        print(f"  {how}", file=out)
    if found:
        vids = ", ".join(f"{vid} {name}" for vid, name in sorted(
            (tvd["vlan"], name) for name, tvd in lab.tvds().items()
            if tvd["channel"] == "vlan"))
        print(f"VLANs of TVDs: {vids}\n", file=out)
