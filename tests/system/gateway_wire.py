# SPDX-License-Identifier: Apache-2.0
"""A tiny stand-in for the bridge: two TVDs, a host port and a gateway each.

Frames go the way that rule G prescribes: from an EE to its TVD's gateway, to
the other TVD's gateway, to the destination.  ARP and neighbour solicitations
are answered.  Nothing is filtered: whatever is stopped, a gateway stopped.
"""
import collections
import ipaddress
import select
import socket
import struct
import threading

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def mac_bytes(text):
    return bytes(int(x, 16) for x in text.split(":"))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo6(src, dst, length, proto):
    return src + dst + struct.pack("!II", length, proto)


def ipv4(src, dst, proto, payload, ttl=64):
    src, dst = (ipaddress.ip_address(x).packed for x in (src, dst))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, ttl, proto, 0)
    total = checksum(head + src + dst)
    return head[:10] + struct.pack("!H", total) + src + dst + payload


def tcp(src, dst, sport, dport, flags, seq=1, ack=0):
    """A TCP segment in IPv4 with a right checksum."""
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 1024, 0, 0)
    pseudo = (ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed
              + struct.pack("!BBH", 0, 6, len(head)))
    total = checksum(pseudo + head)
    return ipv4(src, dst, 6, head[:16] + struct.pack("!H", total) + head[18:])


class Side:
    """One TVD: its prefixes, its EEs' port and its gateway's."""

    def __init__(self, prefixes, port, ee_mac, gw_port, gw_mac, gw_ips, router_mac):
        self.prefixes = [ipaddress.ip_network(p) for p in prefixes]
        self.port, self.ee_mac = port, mac_bytes(ee_mac)
        self.gw_port, self.gw_mac = gw_port, mac_bytes(gw_mac)
        self.gw_ips = {ipaddress.ip_address(x) for x in gw_ips}
        self.router_mac = mac_bytes(router_mac)

    def holds(self, ip):
        return any(ip in p for p in self.prefixes if p.version == ip.version)

    def mac_of(self, ip):
        """For ARP and ND within the TVD."""
        if ip in self.gw_ips:
            return self.gw_mac
        if any(ip == p.network_address + 1 for p in self.prefixes):
            return self.router_mac
        return self.ee_mac


class Wire(threading.Thread):
    def __init__(self, sides):
        super().__init__(daemon=True)
        self.sides = sides
        self.sockets = {}
        self.seen = collections.Counter()    # (port it came in by, kind)
        self.delivered = collections.Counter()   # (port it left by, kind)
        self.stopping = False
        for side in sides:
            for port in (side.port, side.gw_port):
                s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
                s.bind((port, 0))
                self.sockets[port] = s

    def send(self, port, frame):
        try:
            self.sockets[port].send(frame)
        except OSError:
            pass                # The device has been taken away.

    def inject(self, port, dst_mac, packet):
        """Sends an IPv4 packet into 'port' as if the router had."""
        self.send(port, mac_bytes(dst_mac) + self.sides[0].router_mac + b"\x08\0" + packet)

    def run(self):
        ports = {s.fileno(): p for p, s in self.sockets.items()}
        poller = select.poll()
        for fd in ports:
            poller.register(fd, select.POLLIN)
        while not self.stopping:
            for fd, _ in poller.poll(100):
                port = ports[fd]
                try:
                    frame, address = self.sockets[port].recvfrom(65536)
                except OSError:
                    continue
                if address[2] != PACKET_OUTGOING:
                    self.handle(port, frame)

    def stop(self):
        self.stopping = True
        self.join()
        for s in self.sockets.values():
            s.close()

    def side_of(self, port):
        return next(s for s in self.sides if port in (s.port, s.gw_port))

    def handle(self, port, frame):
        ethertype = frame[12:14]
        side = self.side_of(port)
        if ethertype == b"\x08\x06":
            self.arp(port, side, frame)
        elif ethertype == b"\x08\0" and len(frame) >= 34:
            head = (frame[14] & 15) * 4
            src, dst = frame[26:30], frame[30:34]
            self.ip(port, side, frame, src, dst, frame[23], frame[14 + head:])
        elif ethertype == b"\x86\xdd" and len(frame) >= 54:
            src, dst = frame[22:38], frame[38:54]
            if frame[20] == 58 and frame[54] == 135:
                self.neighbour(port, side, frame)
            elif dst[0] != 0xff:
                self.ip(port, side, frame, src, dst, frame[20], frame[54:])

    def arp(self, port, side, frame):
        if frame[20:22] != b"\0\1":
            return
        target = ipaddress.ip_address(frame[38:42])
        mac = side.mac_of(target)
        if side.holds(target) and mac != frame[6:12]:
            self.send(port, frame[6:12] + mac + frame[12:20] + b"\0\2" + mac
                      + frame[38:42] + frame[22:32])

    def neighbour(self, port, side, frame):
        target = ipaddress.ip_address(frame[62:78])
        mac = side.mac_of(target)
        if not side.holds(target) or mac == frame[6:12]:
            return
        src, dst = target.packed, frame[22:38]
        body = b"\x60\0\0\0" + target.packed + b"\x02\x01" + mac
        total = checksum(pseudo6(src, dst, len(body) + 4, 58) + b"\x88\0\0\0" + body)
        icmp = b"\x88\0" + struct.pack("!H", total) + body
        head = b"\x60\0\0\0" + struct.pack("!HBB", len(icmp), 58, 255) + src + dst
        self.send(port, frame[6:12] + mac + b"\x86\xdd" + head + icmp)

    def ip(self, port, side, frame, src, dst, proto, payload):
        dst = ipaddress.ip_address(dst)
        kind = (proto, payload[0] if proto in (1, 58) and payload else None)
        self.seen[port, kind] += 1
        target = next((s for s in self.sides if s.holds(dst)), None)
        if not target:
            return
        if port == side.port:                       # From an EE: to its gateway.
            out, mac = side.gw_port, side.gw_mac
        elif dst in target.gw_ips or target is not side:  # To the other gateway.
            out, mac = target.gw_port, target.gw_mac
        else:                                       # Home.
            out, mac = side.port, side.ee_mac
        self.delivered[out, kind] += 1
        router = next(s for s in self.sides if out in (s.port, s.gw_port)).router_mac
        self.send(out, mac + router + frame[12:])
