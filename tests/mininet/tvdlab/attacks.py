# SPDX-License-Identifier: Apache-2.0
"""Frames that an EE might send to get where it must not.

Each attack is a name, a frame that carries a mark, and the NICs at which it
may arrive, which is none for most.  The frames are built byte by byte, so
nothing of the sender's kernel makes them right again."""
import struct

from . import packets as p

ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
ZERO_MAC = "00:00:00:00:00:00"


class Party:
    """A NIC as attacker or victim."""

    def __init__(self, facts):
        self.name = f"{facts['ee']}/{facts['name']}"
        self.ee, self.ifname = facts["ee"], facts["name"]
        self.tvd, self.role = facts["tvd"], facts["role"]
        self.mac = facts["mac"]
        self.ip4 = next((i for i in facts["ips"] if ":" not in i), None)
        self.ip6 = next((i for i in facts["ips"] if ":" in i), None)
        self.ll = p.link_local(self.mac)
        routers = facts["routers"]
        self.router4 = next((i for i in routers if ":" not in i), None)
        self.router6 = next((i for i in routers if ":" in i), None)

    def ips(self):
        return [ip for ip in (self.ip4, self.ip6) if ip]

    def same_version(self, ip):
        return self.ip6 if ":" in ip else self.ip4


class Scene:
    """Who attacks whom.

    attacker    sends everything
    peer        a member of its TVD to which everything is allowed
    victim      an EE in another TVD that it must not reach at all
    gateway     the gateway of its TVD, or None
    trusted     an EE of its own TVD that may reach the victim, or None
    routers     {TVD: MAC of its virtual router}
    vlans       {TVD: VLAN id}
    members     names of all NICs of its TVD but the attacker's
    """

    def __init__(self, **parties):
        self.__dict__.update(parties)


class Attacks:
    """Collects attacks: list of (ident, name, frame, may arrive at)."""

    def __init__(self, first_ident):
        self.ident = first_ident
        self.list = []

    def add(self, name, build, may=()):
        """'build' makes a frame around the mark it is given."""
        frame = build(p.mark(self.ident))
        self.list.append((self.ident, name, frame.ljust(60, b"\0"), frozenset(may)))
        self.ident += 1


def build(scene, first_ident):
    """All attacks of 'scene'."""
    attacks = Attacks(first_ident)
    for function in (_mac, _addresses, _arp, _nd, _tags, _wrong_way, _router_adverts,
                     _dhcp, _fragments, _extension_headers, _replies, _icmp_errors,
                     _link_protocols, _multicast, _tunnels, _malformed):
        function(attacks, scene)
    return attacks.list


def _udp(src, dst, mark, sport=4000, dport=4001):
    return p.ip(src, dst, p.UDP, p.udp(src, dst, sport, dport, mark))


def _to(mac, dst_mac, packet):
    return p.ip_frame(mac, dst_mac, packet)


def _mac(out, s):
    a, v = s.attacker, s.victim
    for what, mac in (("of a peer", s.peer.mac), ("of another TVD's EE", v.mac),
                      ("of the router", s.routers[a.tvd]), ("unknown", "02:de:ad:00:00:01"),
                      ("zero", ZERO_MAC), ("broadcast", p.BROADCAST),
                      ("multicast", "01:00:5e:00:00:01")):
        for dst in s.peer.ips():
            src = a.same_version(dst)
            out.add(f"source MAC {what} to {dst}",
                    lambda m: _to(mac, s.peer.mac, _udp(src, dst, m)))
        out.add(f"source MAC {what} in a broadcast",
                lambda m: _to(mac, p.BROADCAST, _udp(a.ip4, "255.255.255.255", m)))
    out.add("source and destination MAC the same",
            lambda m: _to(a.mac, a.mac, _udp(a.ip4, a.ip4, m)))


def _addresses(out, s):
    a, v = s.attacker, s.victim
    forged4 = [("of a peer", s.peer.ip4), ("of the victim's TVD", v.ip4),
               ("of the router", a.router4), ("unknown", "198.51.100.7"),
               ("zero", "0.0.0.0"), ("loopback", "127.0.0.1"),
               ("multicast", "224.0.0.5"), ("broadcast", "255.255.255.255")]
    forged6 = [("of a peer", s.peer.ip6), ("of the victim's TVD", v.ip6),
               ("of the router", a.router6), ("unknown", "2001:db8::7"),
               ("unspecified", "::"), ("loopback", "::1"), ("multicast", "ff02::5"),
               ("link-local of a peer", s.peer.ll), ("mapped", "::ffff:192.0.2.1")]
    if s.trusted:
        forged4.append(("of one who may", s.trusted.ip4))
        forged6.append(("of one who may", s.trusted.ip6))
    router = s.routers[a.tvd]
    for forged, peer, victim in ((forged4, s.peer.ip4, v.ip4), (forged6, s.peer.ip6, v.ip6)):
        for what, src in forged:
            out.add(f"source address {what} ({src}) to a peer",
                    lambda m: _to(a.mac, s.peer.mac, _udp(src, peer, m)))
            out.add(f"source address {what} ({src}) to another TVD",
                    lambda m: _to(a.mac, router, _udp(src, victim, m)))
            out.add(f"source address {what} ({src}), echo request to another TVD",
                    lambda m: _to(a.mac, router, p.ip(
                        src, victim, p.icmp_proto(victim),
                        p.echo_request(src, victim, 1, 1, m))))
    out.add("link-local source to another TVD",
            lambda m: _to(a.mac, router, _udp(a.ll, v.ip6, m)))


def _arp(out, s):
    a, v = s.attacker, s.victim

    def frame(mark, src, dst, *fields):
        return p.eth(src, dst, p.ETH_ARP, p.arp(*fields) + mark)

    bad = "02:de:ad:00:00:02"
    for dst in (p.BROADCAST, s.peer.mac, v.mac):
        for what, fields in (
                ("own announcement", (1, a.mac, a.ip4, ZERO_MAC, a.ip4)),
                ("announcement of the router", (1, a.mac, a.router4, ZERO_MAC, a.router4)),
                ("announcement of a peer", (2, a.mac, s.peer.ip4, a.mac, s.peer.ip4)),
                ("reply nobody asked for", (2, a.mac, a.ip4, s.peer.mac, s.peer.ip4)),
                ("reply for the router", (2, a.mac, a.router4, s.peer.mac, s.peer.ip4)),
                ("reply with a forged sender MAC", (2, bad, a.ip4, s.peer.mac, s.peer.ip4)),
                ("request with a forged sender MAC", (1, bad, a.ip4, ZERO_MAC, s.peer.ip4)),
                ("request with a forged sender address",
                 (1, a.mac, s.peer.ip4, ZERO_MAC, a.router4)),
                ("request into another TVD", (1, a.mac, a.ip4, ZERO_MAC, v.ip4)),
                ("request for nobody", (1, a.mac, a.ip4, ZERO_MAC, "198.51.100.9")),
                ("reverse request", (3, a.mac, a.ip4, a.mac, a.ip4))):
            out.add(f"ARP {what} to {dst}", lambda m: frame(m, a.mac, dst, *fields))


def _nd(out, s):
    a, v = s.attacker, s.victim

    def frame(mark, dst_mac, dst, message, hops=255, src=None):
        return _to(a.mac, dst_mac, p.ipv6(src or a.ip6, dst, p.ICMPV6, message, hops))

    def advert(mark, src, dst, target, tll):
        return p.neighbour_advert(src, dst, target, tll, extra=p.nd_option(14, mark))

    for what, target, tll in (("router", a.router6, a.mac), ("peer", s.peer.ip6, a.mac),
                              ("its own address", a.ip6, a.mac),
                              ("its own address, forged MAC", a.ip6, "02:de:ad:00:00:03"),
                              ("victim", v.ip6, a.mac)):
        for dst_mac, dst in ((ALL_NODES_MAC, ALL_NODES), (s.peer.mac, s.peer.ip6),
                             (v.mac, v.ip6)):
            for src in (a.ip6, a.ll, a.router6):
                out.add(f"ND advertisement for the {what} from {src} to {dst}",
                        lambda m: frame(m, dst_mac, dst, advert(m, src, dst, target, tll),
                                        src=src))
    for what, target, sll, hops in (
            ("forged MAC", s.peer.ip6, "02:de:ad:00:00:04", 255),
            ("the router's MAC", s.peer.ip6, s.routers[a.tvd], 255),
            ("low hop limit", s.peer.ip6, a.mac, 64),
            ("target in another TVD", v.ip6, a.mac, 255)):
        group, group_mac = p.solicited_node(target)
        message = p.neighbour_solicit(a.ip6, group, target, sll)
        out.add(f"ND solicitation with {what}",
                lambda m: frame(m, group_mac, group, message, hops) + m)
    redirect = p.icmpv6(a.router6, s.peer.ip6, 137, 0, 0,
                        p.ip_bytes(a.ll) + p.ip_bytes(v.ip6))
    for src in (a.ll, p.link_local(s.routers[a.tvd])):
        out.add(f"ND redirect from {src}",
                lambda m: frame(m, s.peer.mac, s.peer.ip6, redirect, src=src) + m)


def _tags(out, s):
    a, v = s.attacker, s.victim
    own, other = s.vlans.get(a.tvd, 110), s.vlans.get(v.tvd, 120)
    for what, vids in (("own VLAN", [own]), ("the other TVD's VLAN", [other]),
                       ("VLAN 0", [0]), ("VLAN 0 with priority", [0xe000]),
                       ("VLAN 4095", [4095]), ("own VLAN over the other's", [own, other]),
                       ("other's VLAN over own", [other, own]), ("VLAN 0 over the other's",
                                                                 [0, other])):
        for outer in (p.ETH_8021Q, p.ETH_8021AD):
            for who, dst_mac, dst in (("a peer", s.peer.mac, s.peer.ip4),
                                      ("the victim", v.mac, v.ip4),
                                      ("the router", s.routers[a.tvd], v.ip4),
                                      ("all", p.BROADCAST, "255.255.255.255")):
                out.add(f"tagged {outer:#x} {what} to {who}",
                        lambda m: p.vlan_eth(a.mac, dst_mac, vids, p.ETH_IPV4,
                                             _udp(a.ip4, dst, m), outer))


def _wrong_way(out, s):
    a, v = s.attacker, s.victim
    ways = [("the victim's MAC", v.mac), ("the victim's router's MAC", s.routers[v.tvd]),
            ("own router's MAC", s.routers[a.tvd]), ("a peer's MAC", s.peer.mac),
            ("broadcast", p.BROADCAST), ("an unknown MAC", "02:de:ad:00:00:05")]
    if s.gateway:
        ways.append(("the gateway's MAC", s.gateway.mac))
    for what, mac in ways:
        # A broadcast frame may show its own TVD any address.
        may = s.members if mac == p.BROADCAST else ()
        for dst in v.ips():
            src = a.same_version(dst)
            out.add(f"to {dst} by {what}, UDP",
                    lambda m: _to(a.mac, mac, _udp(src, dst, m)), may)
            out.add(f"to {dst} by {what}, TCP SYN",
                    lambda m: _to(a.mac, mac, p.ip(src, dst, p.TCP, p.tcp(
                        src, dst, 4000, 22, p.SYN, m))), may)
            out.add(f"to {dst} by {what}, echo request",
                    lambda m: _to(a.mac, mac, p.ip(src, dst, p.icmp_proto(dst),
                                                   p.echo_request(src, dst, 2, 1, m))), may)
        out.add(f"to an unknown address by {what}",
                lambda m: _to(a.mac, mac, _udp(a.ip4, "198.51.100.8", m)), may)
    for dst in s.peer.ips():
        src = a.same_version(dst)
        out.add(f"a peer's address {dst} by the victim's MAC",
                lambda m: _to(a.mac, v.mac, _udp(src, dst, m)))
    low = ".".join(v.ip4.split(".")[:3]) + ".255"
    out.add("directed broadcast into the other TVD",
            lambda m: _to(a.mac, s.routers[a.tvd], _udp(a.ip4, low, m)))
    lsrr = struct.pack("!BBB4s", 131, 7, 4, p.ip_bytes(v.ip4)) + b"\0"
    for mac, dst in ((s.peer.mac, s.peer.ip4), (s.routers[a.tvd], v.ip4)):
        may = () if dst == v.ip4 else (s.peer.name,)
        out.add(f"source route to {dst}", lambda m: _to(a.mac, mac, p.ipv4(
            a.ip4, dst, p.UDP, p.udp(a.ip4, dst, 1, 2, m), options=lsrr)), may)


def _router_adverts(out, s):
    a = s.attacker

    def advert(mark, src, dst):
        return p.router_advert(src, dst, "2001:db8:bad::", a.mac,
                               extra=p.nd_option(14, mark))

    for dst_mac, dst in ((ALL_NODES_MAC, ALL_NODES), (s.peer.mac, s.peer.ip6),
                         (s.peer.mac, s.peer.ll)):
        for src in (a.ll, a.ip6, p.link_local(s.routers[a.tvd])):
            for what, wrap in _hidings():
                for n in range(wrap(b"", 0)):
                    # Alone, a fragment that is not the first is nothing.
                    may = (s.peer.name,) if n and src == a.ip6 and dst != ALL_NODES \
                        else ()
                    out.add(f"router advertisement from {src} to {dst}, {what}, part {n}",
                            lambda m: _to(a.mac, dst_mac, p.ipv6(
                                src, dst, *wrap(advert(m, src, dst), n + 1, m), hops=255)),
                            may)


def _hidings():
    """Ways to hide an ICMPv6 message: (name, function).  The function gives
    the number of packets for n == 0, else (protocol, payload) of the n-th."""
    icmp6 = p.ICMPV6

    def plain(body, n, mark=b""):
        return 1 if not n else (icmp6, body)

    def hop(body, n, mark=b""):
        return 1 if not n else (0, p.ext_header(icmp6) + body)

    def dest(body, n, mark=b""):
        return 1 if not n else (60, p.ext_header(icmp6) + body)

    def chain(body, n, mark=b""):
        return 1 if not n else (0, p.ext_header(60) + p.ext_header(60)
                                + p.ext_header(icmp6) + body)

    def atomic(body, n, mark=b""):
        return 1 if not n else (44, p.fragment_header(icmp6, 0, False, 7) + body)

    def two(body, n, mark=b""):
        if not n:
            return 2
        if n == 1:
            return 44, p.fragment_header(icmp6, 0, True, 8) + body[:16] + mark.ljust(16)
        return 44, p.fragment_header(icmp6, 32, False, 8) + body[16:]

    def behind(body, n, mark=b""):
        """The first fragment ends before the ICMPv6 header (RFC 7112)."""
        if not n:
            return 2
        whole = p.ext_header(icmp6, mark + b"\0" * 15) + body
        if n == 1:
            return 44, p.fragment_header(60, 0, True, 9) + whole[:24]
        return 44, p.fragment_header(60, 24, False, 9) + whole[24:]

    return [("plain", plain), ("behind hop-by-hop options", hop),
            ("behind destination options", dest), ("behind three headers", chain),
            ("in an atomic fragment", atomic), ("in two fragments", two),
            ("in fragments after a header", behind)]


def _dhcp(out, s):
    a = s.attacker
    offer = struct.pack("!BBBBIHHIIII", 2, 1, 6, 0, 0x1234, 0, 0, 0, 0, 0, 0)
    for mac, dst in ((p.BROADCAST, "255.255.255.255"), (s.peer.mac, s.peer.ip4)):
        for src in (a.ip4, a.router4):
            out.add(f"DHCP offer from {src} to {dst}", lambda m: _to(a.mac, mac, p.ipv4(
                src, dst, p.UDP, p.udp(src, dst, 67, 68, offer + m))))
    for mac, dst in ((ALL_NODES_MAC, ALL_NODES), (s.peer.mac, s.peer.ip6)):
        for src in (a.ip6, a.ll):
            out.add(f"DHCPv6 advertisement from {src} to {dst}",
                    lambda m: _to(a.mac, mac, p.ipv6(src, dst, p.UDP, p.udp(
                        src, dst, 547, 546, b"\x02abc" + m))))


def _fragments(out, s):
    a, v = s.attacker, s.victim
    for who, mac, dst4, dst6, may in (
            ("the victim", s.routers[a.tvd], v.ip4, v.ip6, ()),
            ("the victim's MAC", v.mac, v.ip4, v.ip6, ()),
            ("a peer", s.peer.mac, s.peer.ip4, s.peer.ip6, (s.peer.name,))):
        for what, offset, more, head in (
                ("first", 0, 1, p.tcp("0.0.0.0", "0.0.0.0", 5, 22, p.SYN)),
                ("tiny first", 0, 1, struct.pack("!HH", 5, 22)),
                ("later", 24, 0, b""), ("overlapping", 8, 0, b""),
                ("last of nothing", 1480, 0, b"")):
            def cut(mark):
                body = head + mark      # A length that fragments may have.
                return body + b"\0" * (-len(body) % 8)
            out.add(f"IPv4 fragment, {what}, to {who}", lambda m: _to(a.mac, mac, p.ipv4(
                a.ip4, dst4, p.TCP, cut(m), ident=77, flags=more, offset=offset)), may)
            out.add(f"IPv6 fragment, {what}, to {who}", lambda m: _to(a.mac, mac, p.ipv6(
                a.ip6, dst6, 44, p.fragment_header(p.TCP, offset, more, 78) + cut(m))), may)


def _extension_headers(out, s):
    a, v = s.attacker, s.victim
    dst, router = v.ip6, s.routers[a.tvd]
    body = lambda m: p.tcp(a.ip6, dst, 6, 22, p.SYN, m)  # noqa: E731
    for what, proto, head in (
            ("hop-by-hop options", 0, p.ext_header(p.TCP)),
            ("destination options", 60, p.ext_header(p.TCP)),
            ("both", 0, p.ext_header(60) + p.ext_header(p.TCP)),
            ("an authentication header", 51, struct.pack("!BBHII", p.TCP, 1, 0, 1, 1)),
            ("mobility", 135, p.ext_header(p.TCP)),
            ("no next header", 59, b""), ("an unknown header", 253, p.ext_header(p.TCP))):
        for who, mac in (("the router", router), ("the victim's MAC", v.mac)):
            out.add(f"IPv6 {what} to the victim by {who}",
                    lambda m: _to(a.mac, mac, p.ipv6(a.ip6, dst, proto, head + body(m))))
    for kind in (0, 2):
        routing = struct.pack("!BBBBI", p.UDP, 2, kind, 1, 0) + p.ip_bytes(dst)
        out.add(f"IPv6 routing header type {kind} through a peer",
                lambda m: _to(a.mac, s.peer.mac, p.ipv6(
                    a.ip6, s.peer.ip6, 43, routing + p.udp(a.ip6, dst, 1, 2, m))),
                (s.peer.name,))
        out.add(f"IPv6 routing header type {kind} to the router",
                lambda m: _to(a.mac, router, p.ipv6(
                    a.ip6, a.router6, 43, routing + p.udp(a.ip6, dst, 1, 2, m))))


def _replies(out, s):
    a, v = s.attacker, s.victim
    for dst in v.ips():
        src = a.same_version(dst)
        for mac in (s.routers[a.tvd], v.mac):
            for what, flags in (("SYN-ACK", p.SYN | p.ACK), ("ACK", p.ACK),
                                ("data", p.PSH | p.ACK), ("RST", p.RST), ("FIN", p.FIN),
                                ("no flags", 0), ("all flags", 63)):
                out.add(f"TCP {what} without a connection to {dst}",
                        lambda m: _to(a.mac, mac, p.ip(src, dst, p.TCP, p.tcp(
                            src, dst, 22, 4000, flags, m, ack=9))))
            out.add(f"UDP answer without a question to {dst}",
                    lambda m: _to(a.mac, mac, _udp(src, dst, m, 53, 4000)))
            out.add(f"echo reply without a request to {dst}",
                    lambda m: _to(a.mac, mac, p.ip(src, dst, p.icmp_proto(dst),
                                                   p.echo_reply(src, dst, 3, 1, m))))


def _icmp_errors(out, s):
    a, v = s.attacker, s.victim
    inner_sources = [(a, "own"), (s.peer, "a peer's")]
    if s.trusted:
        inner_sources.append((s.trusted, "of one who may"))
    for party, what in inner_sources:
        for dst in v.ips():
            src, inner_dst = a.same_version(dst), party.same_version(dst)
            inner = p.ip(dst, inner_dst, p.TCP, p.tcp(dst, inner_dst, 4000, 22, p.SYN))
            kinds = ((1, 0), (2, 0), (3, 0), (4, 1)) if ":" in dst else \
                ((3, 1), (3, 4), (5, 1), (11, 0), (12, 0), (4, 0))
            for kind, code in kinds:
                out.add(f"ICMP error {kind}/{code} to {dst} about {what} packet",
                        lambda m: _to(a.mac, s.routers[a.tvd], p.ip(
                            src, dst, p.icmp_proto(dst),
                            p.icmpv6(src, dst, kind, code, 0, inner + m) if ":" in dst
                            else p.icmp(kind, code, 0, inner + m))))


def _link_protocols(out, s):
    a = s.attacker
    llc = b"\x42\x42\x03" + b"\0" * 35
    for what, mac, ethertype, body in (
            ("STP", "01:80:c2:00:00:00", 38, llc), ("pause", "01:80:c2:00:00:01", 0x8808,
                                                    b"\0\1\0\1"),
            ("LACP", "01:80:c2:00:00:02", 0x8809, b"\1\1"),
            ("EAPOL", "01:80:c2:00:00:03", 0x888e, b"\1\1"),
            ("LLDP", "01:80:c2:00:00:0e", p.ETH_LLDP, b"\2\7\4"),
            ("provider STP", "01:80:c2:00:00:08", 38, llc),
            ("GVRP", "01:80:c2:00:00:21", 38, llc),
            ("CDP", "01:00:0c:cc:cc:cc", 38, b"\xaa\xaa\x03\0\0\x0c\x20\0"),
            ("PVST", "01:00:0c:cc:cc:cd", 38, b"\xaa\xaa\x03\0\0\x0c\x01\x0b"),
            ("MPLS", s.peer.mac, 0x8847, b"\0\0\1\xff"),
            ("PPPoE", p.BROADCAST, 0x8863, b"\x11\x09"),
            ("802.2 to a peer", s.peer.mac, 38, llc),
            ("an unknown type", s.peer.mac, 0x1234, b""),
            ("an unknown type to all", p.BROADCAST, 0x88b5, b""),
            ("wake on LAN", p.BROADCAST, 0x0842, b"\xff" * 6),
            ("ethernet loopback", s.peer.mac, 0x9000, b"\0\0\1\0")):
        out.add(what, lambda m: p.eth(a.mac, mac, ethertype, body + m))


def _multicast(out, s):
    """Stays in the TVD."""
    a, members = s.attacker, s.members
    for what, mac, dst in (("broadcast", p.BROADCAST, "255.255.255.255"),
                           ("subnet broadcast", p.BROADCAST,
                            ".".join(a.ip4.split(".")[:3]) + ".255"),
                           ("multicast", "01:00:5e:00:00:fb", "224.0.0.251")):
        out.add(f"IPv4 {what} stays in the TVD",
                lambda m: _to(a.mac, mac, _udp(a.ip4, dst, m, 5353, 5353)), members)
    out.add("IPv6 multicast stays in the TVD", lambda m: _to(
        a.mac, "33:33:00:00:00:fb", _udp(a.ip6, "ff02::fb", m, 5353, 5353)), members)
    for mac, dst in (("01:00:5e:01:01:01", s.victim.ip4), ("33:33:00:00:00:07",
                                                          s.victim.ip6)):
        out.add(f"multicast frame with the victim's address {dst}",
                lambda m: _to(a.mac, mac, _udp(a.same_version(dst), dst, m)), members)


def _tunnels(out, s):
    """A tunnel to a peer is the peer's business; nothing else may get it."""
    a, v = s.attacker, s.victim
    inner = lambda m: _udp(a.ip4, v.ip4, m)  # noqa: E731
    for what, proto in (("IP in IP", 4), ("GRE", 47), ("ESP", 50), ("6in4", 41),
                        ("SCTP", 132), ("OSPF", 89), ("protocol 255", 255)):
        out.add(f"{what} to another TVD", lambda m: _to(
            a.mac, s.routers[a.tvd], p.ipv4(a.ip4, v.ip4, proto, inner(m))))
        out.add(f"{what} to a peer", lambda m: _to(
            a.mac, s.peer.mac, p.ipv4(a.ip4, s.peer.ip4, proto, inner(m))), (s.peer.name,))
    for port in (4789, 6081, 8472):
        out.add(f"tunnel on UDP port {port} to the router", lambda m: _to(
            a.mac, s.routers[a.tvd], p.ipv4(a.ip4, a.router4, p.UDP, p.udp(
                a.ip4, a.router4, port, port, b"\x08\0\0\0\0\0\1\0" + p.eth(
                    a.mac, v.mac, p.ETH_IPV4, inner(m))))))


def _malformed(out, s):
    a, v = s.attacker, s.victim
    router = s.routers[a.tvd]
    good = lambda m: _udp(a.ip4, v.ip4, m)  # noqa: E731
    for what, change in (
            ("version 7", lambda b: b"\x75" + b[1:]),
            ("header of 4 octets", lambda b: b"\x41" + b[1:]),
            ("header longer than the packet", lambda b: b"\x4f" + b[1:]),
            ("total length too long", lambda b: b[:2] + b"\xff\xff" + b[4:]),
            ("total length too short", lambda b: b[:2] + b"\0\x15" + b[4:]),
            ("wrong checksum", lambda b: b[:10] + b"\xde\xad" + b[12:]),
            ("TTL 0", lambda b: b[:8] + b"\0" + b[9:]),
            ("evil bit", lambda b: b[:6] + b"\x80\0" + b[8:])):
        out.add(f"IPv4 with {what} to another TVD",
                lambda m: _to(a.mac, router, change(good(m)) + m))
    good6 = lambda m: _udp(a.ip6, v.ip6, m)  # noqa: E731
    for what, change in (("version 4", lambda b: b"\x40" + b[1:]),
                         ("payload too long", lambda b: b[:4] + b"\xff\xff" + b[6:]),
                         ("hop limit 0", lambda b: b[:7] + b"\0" + b[8:])):
        out.add(f"IPv6 with {what} to another TVD",
                lambda m: _to(a.mac, router, change(good6(m)) + m))
    out.add("IPv4 in an IPv6 frame to the victim's MAC",
            lambda m: p.eth(a.mac, v.mac, p.ETH_IPV6, good(m)))
    out.add("runt", lambda m: p.mac_bytes(v.mac) + p.mac_bytes(a.mac) + b"\x08\0" + m)
