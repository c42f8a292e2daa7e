# SPDX-License-Identifier: Apache-2.0
"""The NICs of a lab, as the controller says they are.

A NIC is a dictionary:
  ee, name     the EE and the NIC's name in it
  tvd, role    its membership
  mac, ips     as allocated
  plens        prefix length of each address
  routers      the TVD's router addresses, the NIC's default routes
  managed      whether the agent makes the EE (a gateway)
  netns        of a managed EE: its namespace on the host
  kind         namespace or vm, as declared
  label        of the EE
  bound        the host that the EE is bound to, "" if to none
  host         where the NIC is, "" if nowhere; of a managed EE, where it will be
  gateway      whether it is the gateway of its TVD
  waiting      hosts that would have it and do not
  state        installed, refused, absent or pending
  reason       why it was refused
"""
import ipaddress
import json


def nics(ctl):
    """Asks through 'ctl', which runs tvdctl and returns what it prints."""
    tvds = {row["name"]: row for row in rows(ctl("--format=json", "show", "tvds"))}
    found = []
    for row in rows(ctl("--format=json", "show", "ees")):
        found += _of_ee(row, tvds)
    return found


def rows(text):
    data = json.loads(text)
    return data["rows"] if isinstance(data, dict) else data


def _of_ee(row, tvds):
    result = []
    for nic in row["nics"]:
        subnets = [ipaddress.ip_network(s) for s in tvds[nic["tvd"]]["subnets"]]
        plens = {ip: net.prefixlen for ip in nic["ips"] for net in subnets
                 if ipaddress.ip_address(ip) in net}
        mine = [n for n in subnets
                if any(ipaddress.ip_address(ip) in n for ip in nic["ips"])]
        result.append({
            "ee": row["name"], "name": nic["name"], "tvd": nic["tvd"],
            "role": nic["role"], "mac": nic["mac"], "ips": nic["ips"], "plens": plens,
            "routers": [str(n.network_address + 1) for n in mine],
            "managed": row["managed"], "kind": row["kind"], "label": row["label"],
            "bound": row.get("host") or "",
            "host": nic.get("host") or (row["managed"] and row.get("host")) or "",
            "netns": "tvd-gw-" + row["name"],
            "gateway": tvds[nic["tvd"]]["gateway"] == f"{row['name']}/{nic['name']}",
            "waiting": nic.get("waiting") or [], "state": nic["state"],
            "reason": nic.get("reason") or ""})
    return result


def by_ee(found):
    """{EE: its NICs}, without those of EEs that agents make."""
    ees = {}
    for nic in found:
        if not nic["managed"]:
            ees.setdefault(nic["ee"], []).append(nic)
    return ees


def needs(ees):
    """What placement.spread() must know of 'ees', as of by_ee()."""
    return {ee: (nics[0]["label"], nics[0]["bound"], [n["tvd"] for n in nics])
            for ee, nics in ees.items()}


def wiring(nics_of_ee):
    """What an EE's node must be made anew for when it changes."""
    return [(n["name"], n["mac"], n["ips"], n["routers"], n["managed"])
            for n in nics_of_ee]


def pending(nic):
    """Whether its state will change by itself.  A port is refused, too, as long
    as ovs-vswitchd has not come to it ("... yet"), or the controller has not
    said that the host may have the EE."""
    return nic["state"] not in ("installed", "refused") \
        or nic["state"] == "refused" and (nic.get("reason", "").endswith(" yet")
                                          or bool(nic.get("waiting")))
