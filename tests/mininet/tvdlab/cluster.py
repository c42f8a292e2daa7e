# SPDX-License-Identifier: Apache-2.0
"""The machines of a lab whose database is a cluster: three, each with a member,
two of them with a controller.  Hosts enrol with tokens and renew their
certificates by themselves.

What the machines share with one another, and with no host, is a directory:
the keys of the authorities and the controllers' API sockets.  Controllers
reach members without TLS: nothing but the lab is on the management network."""
import time

from mininet.node import Host

from . import fabric, nodes, programs
from .state import LabError

NAMES = ["manager1", "manager2", "manager3"]
CONTROLLERS = 2
SHARED = "/mnt"                 # Where each of the machines has the directory.
PKI = SHARED + "/pki"
SERVER = PKI + "/server.pem"
HOSTS_CA = PKI + "/hosts-ca.pem"
FILE = "/run/tvd-db/tvd-cluster.db"
SOCKET = "/run/tvd/tvd-cluster.sock"
CTL = "/run/tvd/tvd-cluster.ctl"
RAFT_PORT, PLAIN_PORT, ENROL_PORT = 6643, 6642, 6645


def api(index):
    return f"{SHARED}/controller{index + 1}.sock"


CTL_OPTIONS = ["--controller=" + ",".join("unix:" + api(i) for i in range(CONTROLLERS))]


def addresses(port, scheme, count=len(NAMES)):
    return ",".join(f"{scheme}{fabric.manager_address(i)}:{port}" for i in range(count))


AGENT_OPTIONS = [f"--db={addresses(fabric.DATABASE_PORT, 'ssl:')}",
                 f"--enrol={addresses(ENROL_PORT, '', CONTROLLERS)}"]


class ManagerNode(nodes.Machine, Host):
    """A machine with a member of the database and, with 'controls', a controller.
    'shared' is the directory that all of them have."""

    ctl_options = CTL_OPTIONS

    def __init__(self, name, index=0, shared=None, **params):
        self.index = index
        self.controls = index < CONTROLLERS
        super().__init__(name, shared=(SHARED, shared), **params)

    def address(self):
        return fabric.manager_address(self.index)

    def start_member(self, supervisor):
        """Makes this member, the first one with the cluster, and starts it."""
        raft = f"tcp:{self.address()}:{RAFT_PORT}"
        if self.index:
            first = f"tcp:{fabric.manager_address(0)}:{RAFT_PORT}"
            argv = ["ovsdb-tool", "join-cluster", FILE, "TVD", raft, first]
        else:
            argv = ["ovsdb-tool", "--election-timer=500", "create-cluster", FILE,
                    programs.tvd_schema(), raft]
        nodes.run(self, argv)
        self.start_program(supervisor, "database", [
            "/usr/sbin/ovsdb-server", FILE, f"--remote=punix:{SOCKET}",
            f"--remote=punix:{SHARED}/{self.name}.sock",
            f"--remote=ptcp:{PLAIN_PORT}:{self.address()}",
            "--remote=db:TVD,TVD_Global,connections", f"--private-key={SERVER}",
            f"--certificate={SERVER}", f"--ca-cert={HOSTS_CA}", f"--unixctl={CTL}",
            "--pidfile=/run/tvd/tvd-cluster.pid", "--overwrite-pidfile", "-vconsole:off",
            "--log-file=/var/log/tvd-cluster.log"])
        self.wait_path(SOCKET, supervisor, "database")
        nodes.run(self, ["ovsdb-client", "-t", "30", "--no-leader-only", "wait",
                         f"unix:{SOCKET}", "TVD", "connected"])

    def is_leader(self):
        try:
            return "Role: leader" in nodes.run(
                self, ["ovs-appctl", "-T", "2", "-t", CTL, "cluster/status", "TVD"],
                env=programs.environment())
        except LabError:
            return False

    def start_controller(self, supervisor, listen=None):
        self.start_program(supervisor, "controller", [
            programs.find("tvd-controller"), f"--db={addresses(PLAIN_PORT, 'tcp:')}",
            f"--api=punix:{api(self.index)}", f"--pki={PKI}", f"--listen={listen}",
            f"--enrol=ptcp:{ENROL_PORT}:{self.address()}",
            *self.site.lifetime_option(), *self.site.switch_options(),
            *self.site.controller_options,
            "-vconsole:warn", "--log-file=/var/log/tvd-controller.log"])
        self.wait_path(api(self.index), supervisor, "controller")
        if self.index == 0:
            self.wait_controller(supervisor)


def start(site):
    """Starts members and controllers; waits until one is active."""
    for manager in site.managers:
        manager.start_member(site.supervisor)
    for manager in site.managers:
        if manager.controls:
            manager.start_controller(site.supervisor, f"pssl:{fabric.DATABASE_PORT}")


def wait_listening(site, timeout=20):
    """Waits until all members serve hosts."""
    deadline = time.monotonic() + timeout
    for manager in site.managers:
        while f":{fabric.DATABASE_PORT}" not in nodes.run(manager, ["ss", "-Hltn"]):
            if time.monotonic() > deadline:
                raise LabError(f"the database of {manager.name} does not listen for hosts")
            time.sleep(0.05)
