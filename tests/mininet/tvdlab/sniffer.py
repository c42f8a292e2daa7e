# SPDX-License-Identifier: Apache-2.0
"""Sees every frame that arrives at a NIC, with AF_PACKET sockets.

Frames that the EE itself sends are not seen.  The kernel takes the outermost
802.1Q tag off before a packet socket gets the frame; the mark inside is found
all the same, because it is looked for in the whole frame."""
import select
import socket
import time

from . import ns, packets

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33


def open_socket(netns_fd, ifname, receive=True, outgoing=False):
    """A packet socket on 'ifname'; with receive=False one only to send, with
    outgoing=True one that also sees what is sent there."""
    with ns.inside(netns_fd):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setblocking(False)
    if receive:
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, int(not outgoing))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.bind((ifname, ETH_P_ALL if receive else 0))
    return sock


def lost(sock):
    """Frames that the kernel dropped because the reader was too slow."""
    data = sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    return int.from_bytes(data[4:8], "little")


class Sniffer:
    """Counts marked frames at several NICs: counts[ident][where] is a number."""

    def __init__(self):
        self.counts = {}
        self.frames = {}
        self._epoll = select.epoll()
        self._sockets = {}

    def add(self, where, netns_fd, ifname):
        sock = open_socket(netns_fd, ifname)
        self._sockets[sock.fileno()] = (where, sock)
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def run(self, seconds):
        """Reads for 'seconds'."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            events = self._epoll.poll(max(left, 0))
            for fd, _ in events:
                self._drain(fd)
            if left <= 0:
                return

    def _drain(self, fd):
        where, sock = self._sockets[fd]
        for _ in range(1000):
            try:
                frame = sock.recv(65536)
            except BlockingIOError:
                return
            except OSError:     # The NIC went away.
                self._epoll.unregister(fd)
                return
            found = packets.find_mark(frame)
            if found:
                at = self.counts.setdefault(found[0], {})
                at[where] = at.get(where, 0) + 1
                self.frames.setdefault(found[0], frame)

    def lost(self):
        return sum(lost(sock) for _, sock in self._sockets.values())

    def close(self):
        for _, sock in self._sockets.values():
            sock.close()
        self._epoll.close()
