# SPDX-License-Identifier: Apache-2.0
"""Packets as bytes: builders that let every field be wrong, and a parser that
recognises what the probes and the attacks have sent."""
import socket
import struct

ETH_IPV4, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86dd
ETH_RARP = 0x8035
ETH_8021Q, ETH_8021AD, ETH_LLDP = 0x8100, 0x88a8, 0x88cc
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BROADCAST = "ff:ff:ff:ff:ff:ff"

MARK = b"\xa7TVD"
MARK_LEN = len(MARK) + 5


def mark(ident, kind=0):
    """Nine bytes that name a packet: the prefix, 'ident' (32 bits), 'kind'."""
    return MARK + struct.pack("!IB", ident, kind)


def find_mark(data):
    """(ident, kind) of the first mark in 'data', or None."""
    at = data.find(MARK)
    if at < 0 or len(data) < at + MARK_LEN:
        return None
    return struct.unpack_from("!IB", data, at + len(MARK))


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(raw):
    return ":".join(f"{b:02x}" for b in raw)


def ip_bytes(ip):
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


def link_local(mac):
    """The EUI-64 link-local address of 'mac'."""
    raw = bytearray(mac_bytes(mac))
    raw[0] ^= 2
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex("fe80000000000000")
                            + bytes(raw[:3]) + b"\xff\xfe" + bytes(raw[3:]))


def solicited_node(ip):
    """The solicited-node multicast address of 'ip' and its Ethernet address."""
    low = ip_bytes(ip)[-3:]
    return (socket.inet_ntop(socket.AF_INET6,
                             bytes.fromhex("ff0200000000000000000001ff") + low),
            "33:33:ff:" + mac_text(low))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _pseudo(src, dst, proto, length):
    s, d = ip_bytes(src), ip_bytes(dst)
    if len(s) == 4:
        return s + d + struct.pack("!BBH", 0, proto, length)
    return s + d + struct.pack("!IHBB", length, 0, 0, proto)


def eth(src, dst, ethertype, payload):
    return mac_bytes(dst) + mac_bytes(src) + struct.pack("!H", ethertype) + payload


def vlan_eth(src, dst, vids, ethertype, payload, outer=ETH_8021Q):
    """A frame with one tag for each of 'vids', outermost first."""
    tags = b""
    for i, vid in enumerate(vids):
        tags += struct.pack("!HH", outer if i == 0 else ETH_8021Q, vid)
    return mac_bytes(dst) + mac_bytes(src) + tags + struct.pack("!H", ethertype) + payload


def udp(src, dst, sport, dport, payload=b""):
    length = 8 + len(payload)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    value = checksum(_pseudo(src, dst, UDP, length) + head + payload) or 0xffff
    return head[:6] + struct.pack("!H", value) + payload


def tcp(src, dst, sport, dport, flags, payload=b"", seq=1, ack=0):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    value = checksum(_pseudo(src, dst, TCP, len(head) + len(payload)) + head + payload)
    return head[:16] + struct.pack("!H", value) + head[18:] + payload


def icmp(kind, code, rest, payload=b""):
    """'rest' is the second 32-bit word of the header."""
    body = struct.pack("!BBHI", kind, code, 0, rest) + payload
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def icmpv6(src, dst, kind, code, rest, payload=b""):
    body = struct.pack("!BBHI", kind, code, 0, rest) + payload
    value = checksum(_pseudo(src, dst, ICMPV6, len(body)) + body)
    return body[:2] + struct.pack("!H", value) + body[4:]


def ipv4(src, dst, proto, payload, ttl=64, ident=1, flags=0, offset=0, options=b""):
    """'flags': 1 for more fragments, 2 for don't fragment; 'offset' in bytes."""
    ihl = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, 0, ihl * 4 + len(payload), ident,
                       flags << 13 | offset // 8, ttl, proto, 0,
                       ip_bytes(src), ip_bytes(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, proto, payload, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, hops) \
        + ip_bytes(src) + ip_bytes(dst) + payload


def ip(src, dst, proto, payload, ttl=64):
    return (ipv6 if ":" in dst else ipv4)(src, dst, proto, payload, ttl)


def ip_frame(src_mac, dst_mac, packet):
    return eth(src_mac, dst_mac, ETH_IPV6 if packet[0] >> 4 == 6 else ETH_IPV4, packet)


def echo_request(src, dst, ident, seq, payload=b""):
    rest = ident << 16 | seq
    if ":" in dst:
        return icmpv6(src, dst, 128, 0, rest, payload)
    return icmp(8, 0, rest, payload)


def echo_reply(src, dst, ident, seq, payload=b""):
    rest = ident << 16 | seq
    if ":" in dst:
        return icmpv6(src, dst, 129, 0, rest, payload)
    return icmp(0, 0, rest, payload)


def icmp_proto(ip_text):
    return ICMPV6 if ":" in ip_text else ICMP


def arp(op, sha, spa, tha, tpa):
    return struct.pack("!HHBBH6s4s6s4s", 1, ETH_IPV4, 6, 4, op, mac_bytes(sha),
                       ip_bytes(spa), mac_bytes(tha), ip_bytes(tpa))


def nd_option(kind, data):
    """A neighbour discovery option, padded to units of eight bytes."""
    length = (2 + len(data) + 7) // 8
    return (struct.pack("!BB", kind, length) + data).ljust(length * 8, b"\0")


def neighbour_solicit(src, dst, target, sll):
    return icmpv6(src, dst, 135, 0, 0, ip_bytes(target) + nd_option(1, mac_bytes(sll)))


def neighbour_advert(src, dst, target, tll, flags=0x60000000, extra=b""):
    return icmpv6(src, dst, 136, 0, flags,
                  ip_bytes(target) + nd_option(2, mac_bytes(tll)) + extra)


def router_advert(src, dst, prefix, sll, extra=b""):
    info = struct.pack("!BBII", 64, 0xc0, 86400, 14400) + b"\0" * 4 + ip_bytes(prefix)
    body = struct.pack("!II", 0, 0) + nd_option(1, mac_bytes(sll)) \
        + nd_option(3, info) + extra
    return icmpv6(src, dst, 134, 0, 64 << 24 | 1800, body)


def ext_header(next_proto, data=b""):
    """Hop-by-hop or destination options: PadN up to a multiple of eight bytes,
    'data' as the content of an unknown option to be skipped."""
    room = (8 - (4 + len(data)) % 8) % 8
    body = struct.pack("!BB", 0x1e, len(data) + room) + data + b"\0" * room
    return struct.pack("!BB", next_proto, (2 + len(body)) // 8 - 1) + body


def fragment_header(next_proto, offset, more, ident):
    return struct.pack("!BBHI", next_proto, 0, offset | (1 if more else 0), ident)


class Parsed:
    """What the probes need of a received frame.  'flags' are TCP's, or the
    ICMP type."""

    __slots__ = ("src_mac", "dst_mac", "ethertype", "src", "dst", "proto", "sport",
                 "dport", "flags", "mark")


def parse(frame):
    """Parses an untagged ARP-less IP frame; None if it is something else."""
    if len(frame) < 34:
        return None
    p = Parsed()
    p.ethertype = frame[12] << 8 | frame[13]
    if p.ethertype == ETH_IPV4:
        p.proto = frame[23]
        p.src, p.dst = frame[26:30], frame[30:34]
        at = 14 + (frame[14] & 15) * 4
    elif p.ethertype == ETH_IPV6 and len(frame) >= 54:
        p.proto = frame[20]
        p.src, p.dst = frame[22:38], frame[38:54]
        at = 54
    else:
        return None
    p.sport = p.dport = p.flags = None
    if p.proto in (TCP, UDP) and len(frame) >= at + 8:
        p.sport, p.dport = struct.unpack_from("!HH", frame, at)
        if p.proto == TCP and len(frame) >= at + 20:
            p.flags = frame[at + 13]
    elif p.proto in (ICMP, ICMPV6) and len(frame) > at:
        p.flags = frame[at]     # The ICMP type.
    p.mark = find_mark(frame[at:])
    return p
