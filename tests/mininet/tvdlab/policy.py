# SPDX-License-Identifier: Apache-2.0
"""Policy files as the lab needs them: reading, and deriving one that fewer
hosts can run."""
import copy
import socket

import yaml

from .state import LabError

LAB_HOST = "lab"
MAX_HOSTS = 24                  # Each runs an Open vSwitch and an agent.
PROTOCOLS = ("icmp", "tcp", "udp", "sctp", "gre", "esp")


def load(path):
    """The YAML of a file that 'tvdctl check' has accepted."""
    try:
        with open(path, encoding="utf-8") as f:
            data = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as e:
        raise LabError(f"{path}: {e}") from None
    if not isinstance(data, dict):
        raise LabError(f"{path}: not a policy file")
    return data


def text(data):
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None)


def save(data, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text(data))


def derive(data, only=None, collapse=False, vlan=False):
    """(policy, note): 'data' as the lab is to run it.

    With 'only', that host with its EEs and those bound to none.  With
    'collapse', or if there is no host, all EEs on one host that may run every
    type.  With 'vlan', every TVD crosses between hosts as a VLAN.  'note' says
    in a line what was changed, None if nothing was."""
    data = copy.deepcopy(data)
    hosts = data.get("hosts") or {}
    notes = []
    if only is not None:
        data, note = _keep_host(data, hosts, only)
        notes.append(note)
    elif not hosts or (collapse and len(hosts) > 1):
        data, note = _collapse(data, hosts)
        notes.append(note)
    elif len(hosts) > MAX_HOSTS:
        raise LabError(f"{len(hosts)} hosts are more than the {MAX_HOSTS} that a lab can "
                       "play: use --only HOST or --collapse")
    if vlan:
        notes.append(_use_vlans(data))
    return data, "; ".join(note for note in notes if note) or None


def _use_vlans(data):
    changed = []
    for name, tvd in (data.get("tvds") or {}).items():
        if tvd.get("channel", "ipsec") != "vlan":
            tvd["channel"] = "vlan"
            changed.append(name)
    return f"VLANs stand for the channels of {_few(changed)}" if changed else None


def _keep_host(data, hosts, only):
    if only not in hosts:
        known = ", ".join(sorted(hosts)) or "none"
        raise LabError(f"no host '{only}' in the policy: its hosts are {known}")
    gone = [name for name, ee in (data.get("ees") or {}).items()
            if ee.get("host") not in (None, only)]
    for name in gone:
        del data["ees"][name]
    _forget_peers(data, set(gone))
    data["hosts"] = {only: _detach(hosts[only])}
    data.pop("switches", None)
    if len(hosts) == 1:
        return data, None
    return data, (f"host {only} alone: {len(gone)} EEs of other hosts are left out "
                  f"({_few(gone)})")


def _collapse(data, hosts):
    types = {t for label in (data.get("labels") or {}).values() for t in label}
    conflicts = data.get("conflicts") or {}
    broken = [name for name, c in conflicts.items() if len(types & set(c)) > 1]
    for name in broken:
        del conflicts[name]
    label = _free_name("lab-all-types", data.get("labels") or {})
    data.setdefault("labels", {})[label] = sorted(types)
    # The name of a declared host, so that messages look familiar.
    host = _free_name(LAB_HOST, {})
    data["hosts"] = {host: {"label": label}}
    data.pop("switches", None)
    for ee in (data.get("ees") or {}).values():
        if "host" in ee:
            ee["host"] = host
    note = (f"{len(hosts)} hosts ({_few(hosts)}) are collapsed into one, '{host}', "
            "that may run every type")
    if broken:
        note += f"; conflict sets that this breaks are dropped: {', '.join(broken)}"
    return data, note


def _detach(host):
    return {k: v for k, v in host.items() if k not in ("switch", "port")}


def _free_name(name, taken):
    while name in taken:
        name += "-"
    return name


def _few(names, limit=4):
    names = list(names)
    return ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")


def _forget_peers(data, gone):
    """Takes EEs that are left out from the peers of P entries; an entry that
    has no peer left allows nothing."""
    for by_role in (data.get("flows") or {}).values():
        for row in (by_role or {}).values():
            for to, entry in (row or {}).items():
                if isinstance(entry, dict) and entry.get("peers"):
                    entry["peers"] = [p for p in entry["peers"] if p not in gone]
                    if not entry["peers"]:
                        row[to] = "none"


def parse_service(text):
    """What a service means, as a list of (protocol, first port, last port);
    ports None for all.  A name may stand for several protocols."""
    text = str(text)
    proto, _, ports = text.partition("/")
    if not ports and proto not in PROTOCOLS and not proto.isdigit():
        return _named_service(proto, ("tcp", "udp", "sctp"))
    if not ports:
        return [(proto, None, None)]
    if not ports[0].isdigit():
        return _named_service(ports, (proto,))
    first, _, last = ports.partition("-")
    return [(proto, int(first), int(last or first))]


def _named_service(name, protocols):
    found = []
    for proto in protocols:
        try:
            port = socket.getservbyname(name, proto)
            found.append((proto, port, port))
        except OSError:
            continue
    if not found:
        raise LabError(f"unknown service '{name}'")
    return found


def entries(data):
    """Every declared entry of the matrix: (from TVD, role, to TVD, entry)."""
    for tvd, by_role in (data.get("flows") or {}).items():
        for role, row in (by_role or {}).items():
            for to, entry in (row or {}).items():
                yield tvd, role, to, entry


def probe_services(data):
    """The services to probe: ICMP, every port that a rule names with its
    neighbour on the other protocol, and a port that none names."""
    named = set()
    for _, _, _, entry in entries(data):
        if isinstance(entry, dict):
            for service in entry.get("services") or []:
                named.update(parse_service(service))
    ports, ends = set(), set()
    for proto, first, last in named:
        if first is not None and proto in ("tcp", "udp"):
            ports.update({first, last})
            if last > first and last < 65535:
                ends.add(last + 1)
    other = 7777
    while any(f is not None and f <= other <= l for _, f, l in named) or other in ports:
        other += 1
    services = {"icmp"}
    for port in ports | ends | {other}:
        services.update({f"tcp/{port}", f"udp/{port}"})
    return sorted(services, key=lambda s: (s.split("/")[0], int((s + "/0").split("/")[1])))
