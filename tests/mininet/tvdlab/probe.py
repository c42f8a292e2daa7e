# SPDX-License-Identifier: Apache-2.0
"""Measures with real packets who reaches whom.

One process and one loop hold sockets in the namespaces of all EEs: servers
for UDP and TCP, senders, and a packet socket on every NIC that sees whatever
arrives there.  Each flow (source NIC, destination NIC, IP version, service)
is tried and what is seen of it is recorded per NIC and per direction, so that
a packet that comes out at a third EE is noticed as well.

Flows that are expected to pass are tried again for some seconds, because a
machine under load loses packets.  Flows that are not are sent twice and
watched for a second after the last packet of the wave went out, among them
packets of flows that pass, which show that the switch was at work."""
import errno
import heapq
import resource
import select
import socket
import struct
import subprocess
import time

from . import ns, packets, sniffer

WAVE = 3000                     # Flows under way at a time.
# The kernel keeps 1,024 neighbours of each IP version for all namespaces
# together.  A pair takes two.
WAVE_PAIRS = 350
QUIET = 1.0                     # Seconds a denied flow is watched.
PATIENCE = 6.0                  # Seconds an allowed flow may take.
RETRY = (0.3, 0.8, 1.6, 2.6, 4.0)
AGAIN_DENIED = 0.15
FIRST_PORT, LAST_PORT = 20000, 60999
REQUEST, REPLY, UNSOLICITED = 0, 1, 2


class Flow:
    """A connection to be tried, and what was seen of it."""

    __slots__ = ("ident", "src", "dst", "v6", "service", "proto", "port", "expected",
                 "tries", "request_at", "reply_at", "answered", "sock", "sport", "got")

    def __init__(self, src, dst, v6, service, expected):
        self.src, self.dst = src, dst
        self.v6 = v6
        self.service = service
        self.proto, _, port = service.partition("/")
        self.port = int(port or 0)
        self.expected = expected
        self.tries = 0
        self.request_at = set()     # NICs where the connection direction arrived.
        self.reply_at = set()       # NICs where the reply direction arrived.
        self.answered = False       # The source has its answer.
        self.sock = None
        self.sport = 0
        self.got = b""


class Nic:
    """The sockets of one NIC.  'name' is "EE/NIC"."""

    def __init__(self, facts, netns):
        self.name = f"{facts['ee']}/{facts['name']}"
        self.ee = facts["ee"]
        self.ifname = facts["name"]
        self.netns = netns
        self.ips = {}               # v6 (bool) to the first address.
        for ip in facts["ips"]:
            self.ips.setdefault(":" in ip, ip)
        self.tvd, self.role, self.mac = facts["tvd"], facts["role"], facts["mac"]
        self.next_port = FIRST_PORT
        self.udp = {}
        self.icmp = {}
        self.raw = {}

    def source_port(self):
        self.next_port += 1
        if self.next_port > LAST_PORT:
            self.next_port = FIRST_PORT
        return self.next_port


class Prober:
    def __init__(self, lab, nics):
        self.lab = lab
        _raise_limit()
        lab.open_all()
        self.nics = {}
        for facts in nics:
            nic = Nic(facts, lab.netns(facts["ee"]))
            self.nics[nic.name] = nic
        self.epoll = select.epoll()
        self.handlers = {}
        self.flows = []             # Of this wave, by ident - self.base.
        self.base = 1
        self.tuples = {}            # TCP four-tuples to (flow, direction).
        self.lost = 0
        self.sniffers = []

    # Sockets.

    def _watch(self, sock, handler, *args, events=select.EPOLLIN):
        self.handlers[sock.fileno()] = (handler, sock, args)
        self.epoll.register(sock.fileno(), events)

    def _unwatch(self, sock):
        if self.handlers.pop(sock.fileno(), None):
            self.epoll.unregister(sock.fileno())

    def open(self, services):
        """Opens what all flows share; 'services' as in policy.probe_services()."""
        ports = {"tcp": set(), "udp": set()}
        for service in services:
            proto, _, port = service.partition("/")
            if port:
                ports[proto].add(int(port))
        for nic in self.nics.values():
            sock = sniffer.open_socket(nic.netns, nic.ifname)
            self.sniffers.append(sock)
            self._watch(sock, self._on_frame, nic)
            for v6, ip in nic.ips.items():
                self._open_senders(nic, v6, ip)
                for port in ports["udp"]:
                    self._serve_udp(nic, v6, ip, port)
                for port in ports["tcp"]:
                    self._serve_tcp(nic, v6, ip, port)

    def _socket(self, nic, v6, kind, proto=0):
        with ns.inside(nic.netns):
            sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind, proto)
        sock.setblocking(False)
        return sock

    def _bound(self, nic, v6, kind, ip, port):
        sock = self._socket(nic, v6, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((ip, port))
        except OSError as e:
            sock.close()
            if e.errno != errno.EADDRINUSE:
                raise
            return None             # A service of the user's: it will answer.
        return sock

    def _open_senders(self, nic, v6, ip):
        nic.udp[v6] = self._bound(nic, v6, socket.SOCK_DGRAM, ip, 0)
        self._watch(nic.udp[v6], self._on_udp_reply)
        proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
        for table, raw_proto in ((nic.icmp, proto), (nic.raw, socket.IPPROTO_RAW)):
            sock = self._socket(nic, v6, socket.SOCK_RAW, raw_proto)
            # Nothing is read from it: the packet sockets see everything.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            nic.ifname.encode() + b"\0")
            table[v6] = sock
        nic.icmp[v6].bind((ip, 0))

    def _serve_udp(self, nic, v6, ip, port):
        sock = self._bound(nic, v6, socket.SOCK_DGRAM, ip, port)
        if sock:
            sock.setsockopt(socket.SOL_SOCKET, sniffer.SO_RCVBUFFORCE, 4 << 20)
            self._watch(sock, self._on_udp_request)

    def _serve_tcp(self, nic, v6, ip, port):
        sock = self._bound(nic, v6, socket.SOCK_STREAM, ip, port)
        if sock:
            sock.listen(4096)
            self._watch(sock, self._on_accept)

    # What arrives.

    def _on_frame(self, sock, _events, nic):
        for _ in range(500):
            try:
                frame = sock.recv(2048)
            except OSError:
                return
            p = packets.parse(frame)
            if p is None:
                continue
            found = p.mark and self._flow(p.mark[0])
            if found:
                if p.proto in (packets.ICMP, packets.ICMPV6) and p.flags in (0, 129) \
                        and p.mark[1] == REQUEST:
                    self._note(found, REPLY, nic)
                else:
                    self._note(found, p.mark[1], nic)
            elif p.proto == packets.TCP:
                known = self.tuples.get((p.src, p.dst, p.sport, p.dport))
                if known:
                    self._note(known[0], known[1], nic)

    def _flow(self, ident):
        index = ident - self.base
        return self.flows[index] if 0 <= index < len(self.flows) else None

    @staticmethod
    def _note(flow, direction, nic):
        (flow.reply_at if direction == REPLY else flow.request_at).add(nic.name)
        if direction == REPLY and flow.proto == "icmp" and nic.name == flow.src.name:
            flow.answered = True

    def _on_udp_request(self, sock, _events):
        for _ in range(500):
            try:
                data, peer = sock.recvfrom(2048)
            except OSError:
                return
            found = packets.find_mark(data)
            if found and found[1] == REQUEST:
                try:
                    sock.sendto(packets.mark(found[0], REPLY), peer)
                except OSError:
                    pass            # No way back: that is what is measured.

    def _on_udp_reply(self, sock, _events):
        for _ in range(500):
            try:
                data = sock.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue            # An ICMP error about an earlier packet.
            found = packets.find_mark(data)
            flow = found and self._flow(found[0])
            if flow and found[1] == REPLY:
                flow.answered = True

    def _on_accept(self, sock, _events):
        for _ in range(200):
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            peer.setblocking(False)
            self._watch(peer, self._on_server_data)

    def _on_server_data(self, sock, _events):
        try:
            data = sock.recv(256)
            found = packets.find_mark(data)
            if found:
                sock.send(packets.mark(found[0], REPLY))
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._unwatch(sock)
        sock.close()

    def _on_client(self, sock, events, flow):
        try:
            if events & select.EPOLLOUT and not flow.got:
                error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, "connect")
                sock.send(packets.mark(flow.ident, REQUEST))
                flow.got = b"-"
                self.epoll.modify(sock.fileno(), select.EPOLLIN)
            elif events & select.EPOLLIN:
                data = sock.recv(256)
                flow.answered = bool(packets.find_mark(data))
                self._close_client(flow)
            elif events & (select.EPOLLERR | select.EPOLLHUP):
                raise OSError(errno.ECONNRESET, "reset")
        except BlockingIOError:
            pass
        except OSError:
            self._close_client(flow)

    def _close_client(self, flow):
        sock, flow.sock = flow.sock, None
        if sock:
            self._unwatch(sock)
            # Without lingering: the four-tuple is free and the peer knows.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    # Sending.

    def _send(self, flow):
        dst = flow.dst.ips[flow.v6]
        flow.tries += 1
        try:
            if flow.proto == "icmp":
                src = flow.src.ips[flow.v6]
                # The kernel fills ICMPv6 checksums of raw sockets in.
                packet = packets.echo_request(src, dst, flow.ident & 0xffff, flow.tries,
                                              packets.mark(flow.ident, REQUEST))
                flow.src.icmp[flow.v6].sendto(packet, (dst, 0))
            elif flow.proto == "udp":
                flow.src.udp[flow.v6].sendto(packets.mark(flow.ident, REQUEST),
                                             (dst, flow.port))
            elif flow.sock is None:
                self._connect(flow, dst)
        except BlockingIOError:
            pass
        except OSError as e:
            # EPERM: the sender's own firewall (a gateway's) refuses.
            # EINVAL: no room for a neighbour.
            if e.errno not in (errno.EPERM, errno.EINVAL, errno.ENETUNREACH, errno.EHOSTUNREACH,
                               errno.ENOBUFS, errno.ECONNREFUSED, errno.EACCES):
                raise

    def _connect(self, flow, dst):
        src = flow.src.ips[flow.v6]
        for _ in range(20):
            flow.sport = flow.src.source_port()
            sock = self._bound(flow.src, flow.v6, socket.SOCK_STREAM, src, flow.sport)
            if sock:
                break
        s, d = packets.ip_bytes(src), packets.ip_bytes(dst)
        self.tuples[(s, d, flow.sport, flow.port)] = (flow, REQUEST)
        self.tuples[(d, s, flow.port, flow.sport)] = (flow, REPLY)
        flow.sock, flow.got = sock, b""
        self._watch(sock, self._on_client, flow, events=select.EPOLLOUT | select.EPOLLIN)
        error = sock.connect_ex((dst, flow.port))
        if error not in (0, errno.EINPROGRESS):
            self._close_client(flow)

    # The loop.

    def poll(self, seconds):
        for fd, events in self.epoll.poll(max(seconds, 0)):
            handler = self.handlers.get(fd)
            if handler:
                handler[0](handler[1], events, *handler[2])

    def run(self, flows):
        """Tries all 'flows'."""
        waves = list(_waves(flows))
        for wave in waves:
            self._run_wave(wave)
            if len(waves) > 1:
                self._forget_neighbours({n for f in wave for n in (f.src, f.dst)})
        self.lost += sum(sniffer.lost(s) for s in self.sniffers)

    @staticmethod
    def _forget_neighbours(nics):
        for nic in nics:
            with ns.inside(nic.netns):      # A child starts where its parent is.
                subprocess.run(["ip", "neigh", "flush", "dev", nic.ifname], check=False,
                               stderr=subprocess.DEVNULL)

    def _begin(self, flows):
        self.base += len(self.flows)
        self.flows = flows
        for i, flow in enumerate(flows):
            flow.ident = self.base + i
        self.tuples.clear()

    def _run_wave(self, flows):
        self._begin(flows)
        began = time.monotonic()
        # Paced: a burst would only fill queues, and be lost there.
        due = [(began + i * 0.0002, i) for i in range(len(flows))]
        last_sent = began
        waiting = {f.ident for f in flows if f.expected}
        while True:
            now = time.monotonic()
            while due and due[0][0] <= now:
                _, i = heapq.heappop(due)
                flow = flows[i]
                if flow.answered:
                    continue
                self._send(flow)
                last_sent = now
                self._again(due, flow, i, now)
                if len(due) % 16 == 0:
                    self.poll(0)
            waiting = {i for i in waiting if not flows[i - self.base].answered}
            patient = now < began + PATIENCE + 0.0002 * len(flows)
            if now >= last_sent + QUIET and not (waiting and patient):
                break
            self.poll(min(due[0][0] - now if due else 0.05, 0.05))
        for flow in flows:
            self._close_client(flow)

    @staticmethod
    def _again(due, flow, i, now):
        if flow.expected and flow.tries <= len(RETRY):
            step = RETRY[flow.tries - 1] - (RETRY[flow.tries - 2] if flow.tries > 1 else 0)
            heapq.heappush(due, (now + step, i))
        elif not flow.expected and flow.tries == 1:
            heapq.heappush(due, (now + AGAIN_DENIED, i))

    def run_unsolicited(self, flows):
        """Sends what would be an answer if there were a connection: 'flows'
        have 'service' "synack/PORT", "rst/PORT", "ack/PORT", "udp/PORT" or
        "echo-reply", and go from 'src' to 'dst'."""
        self._begin(flows)
        for i, flow in enumerate(flows * 2):
            packet = _answer(flow)
            try:
                flow.src.raw[flow.v6].sendto(packet, (flow.dst.ips[flow.v6], 0))
            except OSError:
                pass                # The sender's own firewall.
            if i % 8 == 0:
                self.poll(0.001)
            if i % 1500 == 1499:
                self._watch_for(0.1)    # What waits for a neighbour would be lost.
                self._forget_neighbours(set(self.nics.values()))
        self._watch_for(QUIET)

    def _watch_for(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.poll(0.02)

    def close(self):
        for _, sock, _ in list(self.handlers.values()):
            sock.close()
        for nic in self.nics.values():
            for sock in (*nic.icmp.values(), *nic.raw.values()):
                sock.close()
        self.epoll.close()


def _waves(flows):
    """Cuts 'flows' into pieces that the kernel can take at a time."""
    wave, pairs = [], set()
    for flow in flows:
        pair = frozenset((flow.src.name, flow.dst.name))
        if len(wave) >= WAVE or (pair not in pairs and len(pairs) >= WAVE_PAIRS):
            yield wave
            wave, pairs = [], set()
        wave.append(flow)
        pairs.add(pair)
    if wave:
        yield wave


def _answer(flow):
    """The packet that 'flow' of run_unsolicited() sends."""
    src, dst = flow.src.ips[flow.v6], flow.dst.ips[flow.v6]
    mark = packets.mark(flow.ident, UNSOLICITED)
    flags = {"synack": packets.SYN | packets.ACK, "ack": packets.ACK | packets.PSH,
             "rst": packets.RST | packets.ACK}.get(flow.proto)
    if flags is not None:
        body = packets.tcp(src, dst, 22, flow.port, flags, mark, ack=1)
        return packets.ip(src, dst, packets.TCP, body)
    if flow.proto == "udp":
        return packets.ip(src, dst, packets.UDP, packets.udp(src, dst, 53, flow.port, mark))
    return packets.ip(src, dst, packets.icmp_proto(dst),
                      packets.echo_reply(src, dst, 7, 1, mark))


def _raise_limit():
    """Every flow and every server is a socket."""
    wanted = 1 << 18
    for limit in (wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, wanted)))
            return
        except (ValueError, OSError):
            continue
