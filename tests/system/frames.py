# SPDX-License-Identifier: Apache-2.0
"""Frames, byte by byte: what a test needs to build good and forged packets
without asking any library's opinion about them.  Addresses are strings,
payloads are bytes; every checksum is right unless given."""
import ipaddress
import socket
import struct

BROADCAST = "ff:ff:ff:ff:ff:ff"
TCP, UDP, ICMP, ICMP6, NO_NEXT = 6, 17, 1, 58, 59
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def addr(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(src, dst, proto, length):
    if len(addr(src)) == 4:
        return addr(src) + addr(dst) + struct.pack("!BBH", 0, proto, length)
    return addr(src) + addr(dst) + struct.pack("!II", length, proto)


def eth(dst, src, ethertype, payload, tags=()):
    out = mac(dst) + mac(src)
    for tpid, vid in tags:
        out += struct.pack("!HH", tpid, vid)
    return out + struct.pack("!H", ethertype) + payload


def arp(op, sha, spa, tha, tpa, dst=BROADCAST, src=None):
    return eth(dst, src or sha, 0x0806,
               struct.pack("!HHBBH", 1, 0x0800, 6, 4, op)
               + mac(sha) + addr(spa) + mac(tha) + addr(tpa))


def ip4(src, dst, proto, payload, ttl=64, ident=1, frag=0, more=False):
    """'frag' is the offset in bytes."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident,
                       (0x2000 if more else 0) | frag // 8, ttl, proto, 0,
                       addr(src), addr(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, hops) \
        + addr(src) + addr(dst) + payload


def ip(src, dst, proto, payload, hops=64):
    if ":" in src:
        return ip6(src, dst, proto, payload, hops)
    return ip4(src, dst, proto, payload, hops)


def ethertype(address):
    return 0x86dd if ":" in address else 0x0800


def frag6(proto, offset, more, payload, ident=1):
    """An IPv6 fragment header (protocol 44) before 'payload'."""
    return struct.pack("!BBHI", proto, 0, offset | bool(more), ident) + payload


def ext6(proto, payload):
    """A destination options (60) or hop-by-hop (0) header of 8 bytes."""
    return struct.pack("!BB", proto, 0) + b"\x01\x04\0\0\0\0" + payload


def udp(src, dst, sport, dport, data=b""):
    head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    sum_ = checksum(pseudo(src, dst, UDP, len(head + data)) + head + data)
    return head[:6] + struct.pack("!H", sum_ or 0xffff) + data


def tcp(src, dst, sport, dport, flags, seq=1, ack=0, data=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags,
                       65535, 0, 0)
    sum_ = checksum(pseudo(src, dst, TCP, len(head + data)) + head + data)
    return head[:16] + struct.pack("!H", sum_) + head[18:] + data


def icmp(kind, code, rest):
    """ICMPv4: 'rest' is all after the checksum."""
    sum_ = checksum(struct.pack("!BBH", kind, code, 0) + rest)
    return struct.pack("!BBH", kind, code, sum_) + rest


def icmp6(src, dst, kind, code, rest):
    data = struct.pack("!BBH", kind, code, 0) + rest
    sum_ = checksum(pseudo(src, dst, ICMP6, len(data)) + data)
    return struct.pack("!BBH", kind, code, sum_) + rest


def echo(src, dst, ident=1, seq=1, reply=False, data=b"ping"):
    rest = struct.pack("!HH", ident, seq) + data
    if ":" in src:
        return icmp6(src, dst, 129 if reply else 128, 0, rest)
    return icmp(0 if reply else 8, 0, rest)


def icmp_error(src, dst, packet, kind=None, code=None):
    """Port unreachable, or as given, about 'packet' (from its IP header)."""
    if ":" in src:
        return icmp6(src, dst, kind or 1, 4 if code is None else code,
                     bytes(4) + packet[:120])
    return icmp(kind or 3, 3 if code is None else code,
                bytes(4) + packet[:56])


def solicited_node(target):
    group = ipaddress.ip_address("ff02::1:ff00:0").packed[:13] \
        + addr(target)[13:]
    return str(ipaddress.ip_address(group))


def group_mac(group):
    return "33:33:" + ":".join(f"{b:02x}" for b in addr(group)[12:])


def link_local(mac_text):
    m = mac(mac_text)
    return str(ipaddress.ip_address(
        b"\xfe\x80" + bytes(6) + bytes([m[0] ^ 2]) + m[1:3] + b"\xff\xfe"
        + m[3:]))


def ns(src_mac, src, target, dst=None, dst_mac=None, sll=True, hops=255,
       option_mac=None):
    """A neighbour solicitation, multicast unless 'dst' is given."""
    dst = dst or solicited_node(target)
    rest = bytes(4) + addr(target)
    if sll:
        rest += b"\x01\x01" + mac(option_mac or src_mac)
    return eth(dst_mac or group_mac(dst), src_mac, 0x86dd,
               ip6(src, dst, ICMP6, icmp6(src, dst, 135, 0, rest), hops))


def na(src_mac, src, target, dst, dst_mac, flags=0x60000000, tll=None,
       hops=255):
    rest = struct.pack("!I", flags) + addr(target)
    if tll:
        rest += b"\x02\x01" + mac(tll)
    return eth(dst_mac, src_mac, 0x86dd,
               ip6(src, dst, ICMP6, icmp6(src, dst, 136, 0, rest), hops))


class Port:
    """A raw socket on a network device of this namespace."""

    def __init__(self, device):
        self.device = device
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                  socket.htons(3))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((device, 3))
        self.sock.setblocking(False)

    def send(self, frame):
        self.sock.send(frame)

    def drain(self):
        """What has arrived, without what we sent ourselves."""
        frames = []
        while True:
            try:
                frame, where = self.sock.recvfrom(65536)
            except BlockingIOError:
                return frames
            if where[2] != socket.PACKET_OUTGOING:
                frames.append(frame)
