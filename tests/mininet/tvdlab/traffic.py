# SPDX-License-Identifier: Apache-2.0
"""Constant traffic between all EEs, for tests that change or break something
meanwhile: every packet that is sent is remembered, with when it was sent, and
where it and its answer came out.

Packets are sent and received with packet sockets; the EEs' kernels are made
to take no part.  For each ordered pair and service there is one flow that
keeps its ports (an established connection) and one whose source port is a new
one each time (a new connection each time)."""
import select
import struct
import threading
import time

from . import packets as p
from . import sniffer

REQUEST, REPLY = 0, 1
KEPT_PORT = 2000
CATCH_UP = 0.05                 # How far the sender may lag before it skips.


class Template:
    """A frame that is complete but for a number, which is put in without
    working out checksums again: a word of the payload makes up for it."""

    def __init__(self, flow, kind, src, dst, dst_mac):
        self.fresh = flow.fresh
        body = p.MARK + struct.pack("!IBBH", 0, kind, 0, 0xffff)
        a, b = src.ips[flow.v6], dst.ips[flow.v6]
        if flow.proto == "udp":
            ports = (0 if flow.fresh else KEPT_PORT, flow.port)
            ports = ports if kind == REQUEST else ports[::-1]
            packet = p.ip(a, b, p.UDP, p.udp(a, b, *ports, body))
            where = 0 if kind == REQUEST else 2
        elif flow.proto == "tcp":
            packet = p.ip(a, b, p.TCP, self._tcp(flow, kind, a, b, body))
            where = 0 if kind == REQUEST else 2
        else:
            make = p.echo_request if kind == REQUEST else p.echo_reply
            packet = p.ip(a, b, p.icmp_proto(b),
                          make(a, b, 0 if flow.fresh else KEPT_PORT, 1, body))
            where = 4           # The identifier stands for a port.
        self.frame = bytearray(p.ip_frame(src.mac, dst_mac, packet))
        transport = 14 + (40 if flow.v6 else 20)
        self.port_at = transport + where
        self.mark_at = len(self.frame) - len(body) + len(p.MARK)

    @staticmethod
    def _tcp(flow, kind, a, b, body):
        """A SYN that carries data, and the SYN-ACK to it."""
        if kind == REQUEST:
            return p.tcp(a, b, 0, flow.port, p.SYN, body)
        return p.tcp(a, b, flow.port, 0, p.SYN | p.ACK, body, ack=2 + len(body))

    def make(self, ident):
        frame = self.frame
        port = 1024 + ident % 60000 if self.fresh else 0
        total = (ident >> 16) + (ident & 0xffff) + port
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        struct.pack_into("!I", frame, self.mark_at, ident)
        struct.pack_into("!H", frame, self.mark_at + 6, 0xffff - total)
        if self.fresh:
            struct.pack_into("!H", frame, self.port_at, port)
        return frame


class Nic:
    def __init__(self, facts, lab):
        self.name = f"{facts['ee']}/{facts['name']}"
        self.ee, self.tvd, self.mac = facts["ee"], facts["tvd"], facts["mac"]
        self.managed = facts["managed"]
        self.ips = {}
        for ip in facts["ips"]:
            self.ips.setdefault(":" in ip, ip)
        self.device = facts["name"]
        self.receivers = {}         # By the device.
        self.listen(lab, self.device)
        self.sender = self.send_at(lab, self.device)

    def listen(self, lab, device):
        self.receivers[device] = sniffer.open_socket(lab.netns(self.ee), device)
        return self.receivers[device]

    def send_at(self, lab, device):
        return sniffer.open_socket(lab.netns(self.ee), device, receive=False)


class Flow:
    def __init__(self, src, dst, v6, service, fresh, routers):
        self.src, self.dst, self.v6, self.fresh = src, dst, v6, fresh
        self.service = service
        self.proto, _, port = service.partition("/")
        self.port = int(port or 0)
        there = dst.mac if src.tvd == dst.tvd else routers[src.tvd]
        back = src.mac if src.tvd == dst.tvd else routers[dst.tvd]
        self.request = Template(self, REQUEST, src, dst, there)
        self.reply = Template(self, REPLY, dst, src, back)

    def key(self):
        return (self.src.name, self.dst.name, self.service)

    def reverse_key(self):
        """What an answer would be, were it no answer."""
        return (self.dst.name, self.src.name, f"udp/{KEPT_PORT}")

    def __str__(self):
        return (f"{self.src.name} -> {self.dst.name} {self.service} "
                f"IPv{6 if self.v6 else 4} ({'new' if self.fresh else 'same'} ports)")


class Packet:
    __slots__ = ("ident", "flow", "sent", "arrived", "answered", "elsewhere")

    def __init__(self, ident, flow, sent):
        self.ident = ident
        self.flow = flow
        self.sent = sent            # time.monotonic(), also of what follows.
        self.arrived = None         # At the destination.
        self.answered = None        # The answer, at the source.
        self.elsewhere = None       # Frames by other NICs that saw it.


class Traffic(threading.Thread):
    """Sends 'rate' packets a second, the flows in turn."""

    def __init__(self, lab, services, rate):
        super().__init__(daemon=True)
        lab.open_all()
        routers = {tvd: facts["router_mac"] for tvd, facts in lab.tvds().items()}
        self.nics = [Nic(n, lab) for n in lab.nics if n["ips"]]
        ends = [n for n in self.nics if not n.managed]
        for nic in ends:
            lab.silence(nic.ee)
        self.flows = [Flow(a, b, v6, service, fresh, routers)
                      for fresh in (False, True) for service in services
                      for v6 in (False, True) for a in ends for b in ends
                      if a.ee != b.ee and v6 in a.ips and v6 in b.ips
                      and (fresh or not service.startswith("tcp"))]
        self.rate = rate
        self.packets = {}           # By number.
        self.number = 1
        self.skipped = 0
        self.error = None
        self._epoll = select.epoll()
        self._by_fd = {}
        self._lost = 0              # At sockets that are closed.
        for nic in self.nics:
            self._register(nic, nic.receivers.values())
        self._stop_asked = threading.Event()
        self._lock = threading.Lock()

    def run(self):
        try:
            self._loop()
        except Exception as e:      # Told by stop(): a test must not go on blind.
            self.error = e

    def _loop(self):
        step, due, turn = 1.0 / self.rate, time.monotonic(), 0
        while not self._stop_asked.is_set():
            now = time.monotonic()
            if now - due > CATCH_UP:
                self.skipped += int((now - due) / step)
                due = now
            sent = 0
            while due <= now and sent < 20:
                self._send(self.flows[turn], now)
                turn = (turn + 1) % len(self.flows)
                due += step
                sent += 1
            for fd, _ in self._epoll.poll(0 if sent == 20
                                          else max(due - time.monotonic(), 0)):
                if fd in self._by_fd:
                    self._drain(*self._by_fd[fd])
        self._epoll.close()

    # An EE that moves while it runs has two devices for a while.

    def _register(self, nic, sockets):
        for sock in sockets:
            self._by_fd[sock.fileno()] = (nic, sock)
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def add_device(self, nic, lab, device):
        """Frames for 'nic' may come out at 'device' too."""
        self._register(nic, [nic.listen(lab, device)])

    def remove_device(self, nic, device):
        sock = nic.receivers.pop(device)
        self._lost += sniffer.lost(sock)
        self._epoll.unregister(sock.fileno())
        del self._by_fd[sock.fileno()]
        # It is closed when the thread reads from it no more.

    def _send(self, flow, now):
        ident = self.number
        self.number += 1
        with self._lock:
            self.packets[ident] = Packet(ident, flow, now)
        try:
            flow.src.sender.send(flow.request.make(ident))
        except OSError:             # The queue is full, or the device is down.
            with self._lock:
                del self.packets[ident]     # It was never sent.

    def _drain(self, nic, sock):
        for _ in range(200):
            try:
                frame = sock.recv(2048)
            except OSError:         # Nothing more, or the device went down.
                return
            found = p.find_mark(frame)
            packet = self.packets.get(found[0]) if found else None
            if packet:
                self._note(packet, found, nic, frame)

    @staticmethod
    def _note(packet, found, nic, frame):
        ident, kind = found
        flow = packet.flow
        if kind == REQUEST and nic is flow.dst:
            if packet.arrived is None:
                packet.arrived = time.monotonic()
                try:
                    flow.dst.sender.send(flow.reply.make(ident))
                except OSError:
                    pass
        elif kind == REPLY and nic is flow.src:
            packet.answered = time.monotonic()
        else:
            packet.elsewhere = packet.elsewhere or {}
            packet.elsewhere[nic.name] = bytes(frame)

    def take(self, before):
        """Removes and returns the packets that were sent before 'before'."""
        with self._lock:
            taken = [i for i, packet in self.packets.items() if packet.sent < before]
            return [self.packets.pop(i) for i in taken]

    def lost_frames(self):
        return self._lost + sum(sniffer.lost(sock) for nic in self.nics
                                for sock in nic.receivers.values())

    def stop(self):
        self._stop_asked.set()
        self.join()
        if self.error:
            raise self.error


class Judge:
    """Says of each packet whether it did what the policies allow.

    A policy is in force from when 'apply --wait' has returned until the next
    apply begins; in between, a packet may follow either.

    'excused' is asked about allowed packets that were lost: whether the test
    has broken what they needed."""

    def __init__(self, excused=lambda packet, policies: False):
        self.excused = excused
        self.periods = []           # (from, to, [allowed functions])
        self.forbidden = []
        self.missing = []
        self.count = {"sent": 0, "allowed": 0, "denied": 0, "either": 0, "turning": 0,
                      "excused": 0}

    def period(self, begin, end, *policies):
        self.periods.append((begin, end, policies))

    def forget(self, before):
        """No packet sent before 'before' will be judged any more."""
        self.periods = [p for p in self.periods if p[1] >= before]

    @staticmethod
    def _verdict(allowed, flow):
        """True, False, or None if that depends on what has happened: an answer
        that is under way when its connection is forbidden may open one of its
        own, if that is allowed, and what is sent then are answers to it.  (No
        echo reply opens anything.)"""
        if allowed(flow.key()):
            return True
        opens = flow.proto == "udp" and not flow.fresh and allowed(flow.reverse_key())
        return None if opens else False

    def judge(self, packets):
        for packet in packets:
            self.count["sent"] += 1
            policies = self._policies(packet.sent)
            verdicts = {self._verdict(allowed, packet.flow) for allowed in policies}
            if verdicts == {True}:
                self._judge_allowed(packet, policies)
            elif verdicts == {False}:
                self._judge_denied(packet)
            else:
                self.count["either"] += 1

    def _policies(self, sent):
        for begin, end, policies in reversed(self.periods):
            if begin <= sent < end:
                return policies
        return ()

    def _judge_allowed(self, packet, policies):
        ways = {allowed.way(packet.flow.key()) for allowed in policies
                if hasattr(allowed, "way")}
        if len(ways) > 1:
            # What is under way on the old path, or without the state that the
            # new policy keeps, meets a policy that does not know it.
            self.count["turning"] += 1
            return
        lost = packet.arrived is None or packet.answered is None
        if lost and self.excused(packet, policies):
            self.count["excused"] += 1
            return
        self.count["allowed"] += 1
        if lost:
            what = "did not arrive" if packet.arrived is None else "was not answered"
            self.missing.append((packet, f"{packet.flow}: {what}"
                                 + (" (while changing)" if len(policies) > 1 else "")))

    def _judge_denied(self, packet):
        self.count["denied"] += 1
        seen = set(packet.elsewhere or ())
        if packet.arrived is not None:
            seen.add(packet.flow.dst.name)
        if packet.answered is not None:
            seen.add(packet.flow.src.name + " (answer)")
        frames = [f"{name}: {frame.hex()}"
                  for name, frame in (packet.elsewhere or {}).items()]
        if seen:
            self.forbidden.append((packet, f"{packet.flow}: arrived at "
                                   f"{', '.join(sorted(seen))} {' '.join(frames)}"))
