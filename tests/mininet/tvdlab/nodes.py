# SPDX-License-Identifier: Apache-2.0
"""Mininet nodes: hosts that run Open vSwitch and our programs, and EEs.

A host has a network namespace, a private /run and a private /var/log of its
own.  An EE has a network namespace; its NICs are veth ends whose other ends
are ports of the host's br-tvd, named by external_ids:iface-id as libvirt
would name them."""
import ipaddress
import os
import subprocess
import time
import zlib

from mininet.link import Link
from mininet.net import Mininet
from mininet.node import Host

from . import programs
from .state import LabError

BRIDGE = "br-tvd"
NIC_SYSCTLS = {                 # What an EE is not to do by itself.
    "ipv4.conf.all.rp_filter": 0, "ipv4.conf.default.rp_filter": 0,
    "ipv4.icmp_ratelimit": 0, "ipv4.icmp_echo_ignore_broadcasts": 0,
    "ipv6.icmp.ratelimit": 0,
    "ipv6.conf.default.accept_dad": 0, "ipv6.conf.default.accept_ra": 0,
    "ipv6.conf.default.autoconf": 0, "ipv6.conf.default.router_solicitations": 0,
}


# Mininet would raise limits of the whole machine when it is first used, and
# leave them raised; a lab leaves nothing behind.
Mininet.inited = True


class BareLink(Link):
    """A veth pair whose ends Link does not configure one command at a time;
    EeNode.configure() does all in one batch."""

    def __init__(self, node1, node2, name1, name2, mac1):
        self.intf1, self.intf2 = name1, name2
        mac2 = "02:%02x:%02x:%02x:%02x:%02x" % tuple(os.urandom(5))
        self.makeIntfPair(name1, name2, mac1, mac2, node1, node2, deleteIntfs=False)


def run(node, argv, input_text=None, env=None):
    """Runs 'argv' in 'node' and returns what it printed."""
    popen = node.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, env=env)
    out, _ = popen.communicate(input_text)
    if popen.returncode:
        raise LabError(f"{' '.join(argv)} failed in {node.name}: {out.strip()}")
    return out


def outer_name(ee, nic):
    """The name of the port end of a NIC: at most 15 characters and unique."""
    return f"v{zlib.crc32(f'{ee}/{nic}'.encode()):08x}"


class HostNode(Host):
    def __init__(self, name, log_dir, **params):
        self.log_dir = log_dir
        # The order matters: the log directory lies below /run.
        params["privateDirs"] = [("/var/log", log_dir), "/run"]
        super().__init__(name, **params)
        run(self, ["mkdir", "-p", *programs.DIRECTORIES])
        run(self, ["ip", "link", "set", "lo", "up"])

    def unmountPrivateDirs(self):
        pass                    # The mount namespace ends with the node.

    def start_ovs(self, supervisor):
        argv = programs.ovs_commands()
        run(self, ["ovsdb-tool", "create", programs.OVS_DB, programs.OVS_SCHEMA])
        for name in ("ovsdb-server", "ovs-vswitchd"):
            self.start_program(supervisor, name, argv[name])
            if name == "ovsdb-server":
                self.wait_path("/run/openvswitch/db.sock", supervisor, name)
                self.vsctl("--no-wait", "init")
                self.vsctl("--no-wait", "set", "Open_vSwitch", ".",
                           f"external_ids:tvd-host={self.name}",
                           "external_ids:system-id=" + self.name)

    def start_program(self, supervisor, name, argv):
        return supervisor.add(self, name, argv, os.path.join(self.log_dir, name + ".out"))

    def path(self, path):
        """'path' of this host as seen from the lab daemon."""
        return f"/proc/{self.pid}/root{path}"

    def wait_path(self, path, supervisor, program, timeout=10):
        deadline = time.monotonic() + timeout
        while not os.path.exists(self.path(path)):
            p = supervisor.programs[program]
            if time.monotonic() > deadline or p.restarts > 3:
                raise LabError(f"{program} does not start on {self.name}: "
                               f"{path} has not appeared\n{p.tail()}".rstrip())
            time.sleep(0.01)

    def vsctl(self, *args, timeout=10):
        return run(self, ["ovs-vsctl", f"--timeout={timeout}", *args],
                   env=programs.environment())

    def add_ports(self, ports):
        """'ports' is a list of (port name, external id)."""
        args = []
        for port, iface_id in ports:
            args += ["--", "--may-exist", "add-port", BRIDGE, port, "--",
                     "set", "Interface", port, f"external_ids:iface-id={iface_id}"]
        if args:
            self.vsctl("--no-wait", *args)

    def remove_ports(self, names):
        args = []
        for port in names:
            args += ["--", "--if-exists", "del-port", BRIDGE, port]
        if args:
            self.vsctl("--no-wait", *args)
        for port in names:
            # The EE's end may have gone, and this one with it.
            subprocess.call(["nsenter", f"--net=/proc/{self.pid}/ns/net", "ip", "link",
                             "del", port], stderr=subprocess.DEVNULL)


class EeNode(Host):
    """An EE; 'nics' as tvdctl shows them (see facts.py)."""

    def __init__(self, name, **params):
        super().__init__(name, **params)
        self.nics = []
        for key, value in NIC_SYSCTLS.items():
            self.sysctl(key, value)

    def sysctl(self, key, value):
        # Through the shell: /proc/sys/net is that of the one who opens it.
        path = "/proc/sys/net/" + key.replace(".", "/")
        self.write_file(path, value)

    def write_file(self, path, value):
        self.cmd(f"[ -e {path} ] && echo {value} > {path}")

    def attach(self, host, nics):
        """Makes and configures 'nics'; returns the ports to add to the bridge."""
        self.nics = nics
        ports = []
        for nic in nics:
            outer = outer_name(self.name, nic["name"])
            BareLink(self, host, nic["name"], outer, nic["mac"])
            ports.append((outer, f"{self.name}/{nic['name']}"))
        run(self, ["ip", "-batch", "-"], self._batch(nics))
        for version in "46":
            run(self, ["ip", f"-{version}", "-batch", "-"], self._rules(nics, version))
        for nic in nics:
            # A netdev datapath takes frames as they are: no checksum is to be
            # left for hardware that is not there.
            run(self, ["ethtool", "-K", nic["name"], "tx", "off", "tso", "off",
                       "gso", "off", "gro", "off"])
        batch = "".join(f"link set {port} up\n" for port, _ in ports)
        run(host, ["ip", "-batch", "-"], batch)
        return ports

    @staticmethod
    def _batch(nics):
        lines = ["link set lo up"]
        for index, nic in enumerate(nics):
            name = nic["name"]
            # "dev", or a name that begins an option of ip is taken for it.
            lines.append(f"link set dev {name} up")
            for ip in nic["ips"]:
                nodad = " nodad" if ":" in ip else ""
                lines.append(f"address add {ip}/{nic['plens'][ip]} dev {name}{nodad}")
            for router in EeNode._default_routers(nic):
                lines.append(f"route add default via {router} dev {name} "
                             f"metric {100 + index}")
            if len(nics) > 1:
                lines += EeNode._own_table(nic, 100 + index)
        return "\n".join(lines) + "\n"

    @staticmethod
    def _own_table(nic, table):
        """An EE with several NICs answers through the one that was asked."""
        name, lines = nic["name"], []
        for ip in nic["ips"]:
            net = ipaddress.ip_interface(f"{ip}/{nic['plens'][ip]}").network
            lines.append(f"route replace {net} dev {name} src {ip} table {table}")
        for router in EeNode._default_routers(nic):
            lines.append(f"route add default via {router} dev {name} table {table}")
        return lines

    @staticmethod
    def _rules(nics, version):
        """Which table an address is for; "ip rule" does not see the IP version of
        an address by itself."""
        if len(nics) == 1:
            return ""
        return "".join(f"rule add from {ip} lookup {100 + index}\n"
                       for index, nic in enumerate(nics) for ip in nic["ips"]
                       if (":" in ip) == (version == "6"))

    @staticmethod
    def _default_routers(nic):
        """One of each IP version; a TVD has one for each of its subnets."""
        return {":" in router: router for router in reversed(nic["routers"])}.values()
