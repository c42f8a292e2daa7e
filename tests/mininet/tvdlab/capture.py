# SPDX-License-Identifier: Apache-2.0
"""What is on the links of the fabric: every frame with its VLAN tags.

A packet socket at the switch's end of each link sees both directions.  The
kernel takes the outermost tag off most frames and tells of it beside them
(PACKET_AUXDATA); the rest stands in the frame."""
import itertools
import select
import socket
import struct
import threading
import time

from . import packets, sniffer
from .state import LabError

PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
AUXDATA = struct.Struct("IIIHHHH")      # struct tpacket_auxdata
TAGS = (packets.ETH_8021Q, packets.ETH_8021AD)
SNAPLEN = 192


class Frame:
    """'host' is whose link it is on, 'to_host' the direction, 'tags' the VLAN
    ids, outermost first; 'data' is the frame without tags, cut short."""

    __slots__ = ("host", "to_host", "tags", "data", "length", "time")

    def src(self):
        return packets.mac_text(self.data[6:12])

    def dst(self):
        return packets.mac_text(self.data[:6])

    def ethertype(self):
        return struct.unpack_from("!H", self.data, 12)[0]

    def __str__(self):
        way = f"to {self.host}" if self.to_host else f"from {self.host}"
        tags = "".join(f" vlan {tag}" for tag in self.tags) or " untagged"
        return (f"{way}{tags} {self.src()} > {self.dst()} {_content(self.data)} "
                f"length {self.length}")


def _content(data):
    """The inside of an untagged frame in a few words."""
    ethertype = struct.unpack_from("!H", data, 12)[0]
    p = packets.parse(data.ljust(60, b"\0")) if ethertype != packets.ETH_ARP else None
    if p is None:
        return {packets.ETH_ARP: "ARP"}.get(ethertype, f"0x{ethertype:04x}")
    family = socket.AF_INET6 if len(p.src) == 16 else socket.AF_INET
    src, dst = (socket.inet_ntop(family, ip) for ip in (p.src, p.dst))
    name = {packets.ICMP: "icmp", packets.ICMPV6: "icmp6", packets.TCP: "tcp",
            packets.UDP: "udp"}.get(p.proto, f"protocol {p.proto}")
    if p.sport is None:
        return f"{src} > {dst} {name}" + (f" type {p.flags}" if p.flags is not None else "")
    return f"{src}:{p.sport} > {dst}:{p.dport} {name}"


def open_link(netns_fd, device):
    """A packet socket that sees both directions of 'device', with tags."""
    sock = sniffer.open_socket(netns_fd, device, outgoing=True)
    sock.setsockopt(sniffer.SOL_PACKET, PACKET_AUXDATA, 1)
    return sock


def read(sock, host):
    """The next Frame on the link of 'host', None if there is none."""
    try:
        data, more, _, address = sock.recvmsg(SNAPLEN, 64, socket.MSG_TRUNC)
    except BlockingIOError:
        return None
    frame = Frame()
    frame.host, frame.time = host, time.time()
    frame.to_host = address[2] == PACKET_OUTGOING
    frame.tags, frame.data, frame.length = [], data, len(data)
    for level, kind, value in more:
        if level == sniffer.SOL_PACKET and kind == PACKET_AUXDATA:
            status, frame.length, _, _, _, tci, _ = AUXDATA.unpack(value[:AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                frame.tags.append(tci & 0xfff)
    while len(frame.data) >= 18 and frame.ethertype() in TAGS:
        frame.tags.append(struct.unpack_from("!H", frame.data, 14)[0] & 0xfff)
        frame.data = frame.data[:12] + frame.data[16:]
    return frame


class Links:
    """The links of a lab's fabric, all or those of 'hosts'."""

    def __init__(self, lab, hosts=None):
        reply, fds = lab.request_fds("links")
        self.sockets = {}           # File descriptor to (host, socket).
        self.senders = {}
        for host, device in reply["links"].items():
            if hosts is None or host in hosts:
                fd = fds[reply["at"][host]]
                sock = open_link(fd, device)
                self.sockets[sock.fileno()] = (host, sock)
                self.senders[host] = sniffer.open_socket(fd, device, receive=False)
        self._epoll = select.epoll()
        for fd in self.sockets:
            self._epoll.register(fd, select.EPOLLIN)

    def read(self, seconds):
        """The frames that have come, waiting up to 'seconds' for the first."""
        for fd, _ in self._epoll.poll(max(seconds, 0)):
            host, sock = self.sockets[fd]
            for _ in range(500):
                frame = read(sock, host)
                if frame is None:
                    break
                yield frame

    def send(self, host, frame):
        """Puts 'frame' on the link towards 'host', as the switch would."""
        self.senders[host].send(frame)

    def lost(self):
        return sum(sniffer.lost(sock) for _, sock in self.sockets.values())

    def close(self):
        self._epoll.close()
        for _, sock in self.sockets.values():
            sock.close()
        for sock in self.senders.values():
            sock.close()


class Watch(threading.Thread):
    """Counts what is on all links while something else goes on."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.links = Links(lab)
        self.counts = {}            # {(host, to_host, tags, source, destination, type): frames}
        self.first = {}             # The first frame of each.
        self.lost = 0
        self._ended = False

    def run(self):
        while not self._ended:
            for frame in self.links.read(0.05):
                key = (frame.host, frame.to_host, tuple(frame.tags), frame.src(),
                       frame.dst(), frame.ethertype())
                self.counts[key] = self.counts.get(key, 0) + 1
                self.first.setdefault(key, frame)

    def stop(self):
        """Ends it; returns itself."""
        time.sleep(0.1)
        self._ended = True
        self.join()
        self.lost = self.links.lost()
        self.links.close()
        return self

    def tags(self):
        """{host: {VLAN id or None: frames}}; None for untagged frames."""
        found = {host: {} for host, _ in self.links.sockets.values()}
        for (host, _, tags, *_), count in self.counts.items():
            tag = tags[0] if tags else None
            found[host][tag] = found[host].get(tag, 0) + count
        return found


class Trail(threading.Thread):
    """Remembers for a while which marked packets were on which link."""

    def __init__(self, lab, seconds=20):
        super().__init__(daemon=True)
        self.links, self.seconds = Links(lab), seconds
        self.seen = {}              # {ident: [(time.monotonic(), Frame, kind)]}
        self._ended = False

    def run(self):
        while not self._ended:
            for frame in self.links.read(0.05):
                found = packets.find_mark(frame.data)
                if found:
                    self.seen.setdefault(found[0], []).append(
                        (time.monotonic(), frame, found[1]))
            self._forget()

    def _forget(self):
        """Packets are numbered in the order in which they are sent."""
        old = time.monotonic() - self.seconds
        for ident in list(itertools.islice(self.seen, 100)):
            if self.seen[ident][0][0] > old:
                break
            del self.seen[ident]

    def of(self, packet):
        """Where 'packet' was, a line for each link; ms after it was sent."""
        return [f"{(when - packet.sent) * 1000:.0f} ms: {'answer ' if kind else ''}{frame}"
                for when, frame, kind in self.seen.get(packet.ident, ())]

    def stop(self):
        self._ended = True
        self.join()
        self.links.close()


def judge(watch, nics, tvds):
    """What is wrong with what was on the links, as texts."""
    by_mac = {nic["mac"]: nic for nic in nics}
    by_tag = {tvd["vlan"]: name for name, tvd in tvds.items() if tvd["channel"] == "vlan"}
    wrong = []
    for key, count in sorted(watch.counts.items(), key=str):
        host, to_host, tags, src, dst, kind = key
        tvd = by_tag.get(tags[0]) if len(tags) == 1 else None
        what = None
        if not tvd:
            what = f"{len(tags)} tags" if len(tags) != 1 else "the tag is of no TVD"
        elif src not in by_mac or (by_mac[src]["host"] == host) == to_host:
            what = "its source is no EE on that side"
        elif int(dst[:2], 16) & 1:
            # Switches are told where a NIC is in each VLAN that it is reached in.
            there = by_mac[src] if kind != packets.ETH_RARP else dict(by_mac[src], tvd=tvd)
            what = _judge_flood(there, tvd, host, to_host, nics)
        elif dst not in by_mac or (not to_host and by_mac[dst]["host"] == host):
            what = "its destination is no EE on the other side"
        elif tvd not in (by_mac[src]["tvd"], by_mac[dst]["tvd"]):
            what = "the tag is that of neither end"
        if what:
            wrong.append(f"link of {host}: {watch.first[key]} ({count} frames): {what}")
    if watch.lost:
        wrong.append(f"{watch.lost} frames on links were not looked at: the machine is too "
                     "slow or too busy")
    return wrong


def _judge_flood(src, tvd, host, to_host, nics):
    """A broadcast frame.  The switch sends it to every host that may carry its
    TVD; but a host sends none that there is nobody for."""
    if tvd != src["tvd"]:
        return "a broadcast frame with the tag of another TVD"
    if not to_host and not any(n["tvd"] == tvd and n["host"] not in ("", host) for n in nics):
        return "a broadcast frame, and nobody of its TVD on the other side"
    return None


def allowed_tags(host, nics, tvds):
    """The VLANs of TVDs that have EEs on 'host' and elsewhere; 'tvds' as in
    Lab.tvds()."""
    here = {n["tvd"] for n in nics if n["host"] == host}
    there = {n["tvd"] for n in nics if n["host"] and n["host"] != host}
    return {tvds[name]["vlan"] for name in here & there if tvds[name]["channel"] == "vlan"}


def show(lab, host, count=None):
    """Prints frames on the link of 'host' (None: of all) as they come."""
    known = lab.request("links")["links"]
    if not known:
        raise LabError("this lab has one host and no fabric")
    if host not in (None, *known):
        raise LabError(f"no host '{host}' on the fabric: there are {', '.join(known)}")
    links = Links(lab, None if host is None else [host])
    seen = 0
    try:
        while count is None or seen < count:
            for frame in links.read(0.5):
                stamp = time.strftime("%H:%M:%S", time.localtime(frame.time))
                print(f"{stamp}.{int(frame.time % 1 * 1e6):06d} {frame}", flush=True)
                seen += 1
                if seen == count:
                    break
    except KeyboardInterrupt:
        pass
    return 0
