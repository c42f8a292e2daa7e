# SPDX-License-Identifier: Apache-2.0
"""An EE moves from host to host, as virtual machines do.

Cold: it is stopped and started elsewhere; its ports leave the one host, then
appear on the other.  Live: its ports are on both hosts; then it runs on at
the new one, says so with gratuitous ARP and neighbour advertisements, as QEMU
does, and its ports leave the old one.  An EE that is bound to a host is bound
to the new one; of a live move the controller is told beforehand."""
import time

from . import packets, sniffer
from .state import LabError

ANNOUNCE = (0, 0.05, 0.2, 0.45, 0.8)    # Seconds after it runs on, as of QEMU.


def nics_of(lab, ee):
    return [nic for nic in lab.facts() if nic["ee"] == ee]


def announce(lab, ee):
    """Says once, from each NIC of 'ee', where its addresses are."""
    netns = lab.netns(ee)
    for nic in nics_of_lab(lab, ee):
        sock = sniffer.open_socket(netns, nic["name"], receive=False)
        for frame in announcements(nic):
            sock.send(frame)
        sock.close()


def nics_of_lab(lab, ee):
    return [nic for nic in lab.nics if nic["ee"] == ee]


def announcements(nic):
    """The frames by which 'nic' makes itself known."""
    for ip in nic["ips"]:
        if ":" in ip:
            body = packets.neighbour_advert(ip, "ff02::1", ip, nic["mac"], 0x20000000)
            packet = packets.ipv6(ip, "ff02::1", packets.ICMPV6, body, hops=255)
            yield packets.ip_frame(nic["mac"], "33:33:00:00:00:01", packet)
        else:
            yield packets.eth(nic["mac"], packets.BROADCAST, packets.ETH_ARP, packets.arp(
                1, nic["mac"], ip, "00:00:00:00:00:00", ip))


def wait_there(lab, ee, host, timeout=10, announce_at=()):
    """Waits until all NICs of 'ee' are installed on 'host'; announces it so many
    seconds after the beginning as 'announce_at' says."""
    began = time.monotonic()
    due = list(announce_at)
    while True:
        now = time.monotonic() - began
        if due and now >= due[0]:
            del due[0]
            announce(lab, ee)
        nics = nics_of(lab, ee)
        if all(n["state"] == "installed" and n["host"] == host for n in nics):
            return
        if now > timeout:
            what = "; ".join(f"{n['name']} is {n['state']} on {n['host'] or 'no host'} "
                             f"{n['reason']}" for n in nics)
            raise LabError(f"{ee} is not installed on {host} within {timeout} s: {what}")
        time.sleep(0.01)


def move(lab, ee, host, live=False, say=lambda text: None):
    """Moves 'ee' to 'host'; returns the seconds from its appearing there, or
    of a live move from its running on there, to its NICs being installed."""
    nics = nics_of_lab(lab, ee)
    if host not in lab.info["hosts"]:
        raise LabError(f"no host '{host}': there are {', '.join(lab.info['hosts'])}")
    if not nics or nics[0]["managed"]:
        raise LabError(f"no EE '{ee}' that could be moved")
    if nics[0]["host"] == host:
        raise LabError(f"{ee} is on {host} already")
    seconds = (_live if live else _cold)(lab, ee, host, say)
    lab.refresh()
    return seconds


def _cold(lab, ee, host, say):
    if nics_of(lab, ee)[0]["bound"]:
        lab.ctl("ee", "move", ee, host)
        say(f"{ee} is bound to {host}")
    began = time.monotonic()
    lab.request("carry", ee=ee, host=host)
    wait_there(lab, ee, host)
    return time.monotonic() - began


def _live(lab, ee, host, say):
    lab.ctl("ee", "move", ee, host, "--live")
    lab.request("appear", ee=ee, host=host)
    say(f"{ee} has ports on {host} too")
    time.sleep(0.2)             # What a VM's memory takes to be copied.
    began = time.monotonic()
    lab.request("switch", ee=ee)
    wait_there(lab, ee, host, announce_at=ANNOUNCE)
    seconds = time.monotonic() - began
    lab.request("vanish", ee=ee)
    return seconds
