# SPDX-License-Identifier: Apache-2.0
"""The machines of a lab whose database is a cluster: three, each with a member,
two of them with a controller, as docs/HA.md says: tvd-db-cluster makes the
members, which talk to each other over mutual TLS through tvd-link, and keeps
both running.  Hosts enrol with tokens and renew their certificates by
themselves.

What the machines share with one another, and with no host, is a directory:
the keys of the authorities and the controllers' API sockets."""
import concurrent.futures
import os
import time

from mininet.node import Host

from . import fabric, nodes, programs
from .state import LabError

# In ms.  Members of one site, on quick disks: a leader is missed sooner than by the
# tool's default, which has to do for others.
ELECTION_TIMER = 250
NAMES = ["manager1", "manager2", "manager3"]
CONTROLLERS = 2
SHARED = "/mnt"                 # Where each of the machines has the directory.
PKI = SHARED + "/pki"
RUNDIR = programs.ENVIRONMENT["TVD_RUNDIR"]
ENROL_PORT = 6645


def api(index):
    return f"{SHARED}/controller{index + 1}.sock"


CTL_OPTIONS = ["--controller=" + ",".join("unix:" + api(i) for i in range(CONTROLLERS))]


def addresses(port, scheme, count=len(NAMES)):
    return ",".join(f"{scheme}{fabric.manager_address(i)}:{port}" for i in range(count))


MEMBERS = ",".join(f"{name}={fabric.manager_address(i)}" for i, name in enumerate(NAMES))
DATABASE = ",".join(f"unix:{RUNDIR}/db/{name}" for name in NAMES)   # For controllers.
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

    def tool(self, *args):
        return nodes.run(self, [programs.find("tvd-db-cluster"), f"--name={NAMES[self.index]}",
                                f"--members={MEMBERS}", *args], env=programs.environment())

    def certify(self):
        """Gets this machine its certificate, as one of the cluster."""
        request = self.tool("request")
        bundle = RUNDIR + "/bundle.pem"
        with open(self.path(bundle), "w", encoding="ascii") as f:
            f.write(nodes.run(self, [programs.find("tvd-controller"), f"--pki={PKI}",
                                     f"--certify-member={NAMES[self.index]}"], request,
                              env=programs.environment()))
        self.tool("certify", bundle)

    def start_member(self, supervisor):
        """Makes this member, the first one with the cluster, and has it run."""
        for log in ("tvd-cluster.log", "tvd-link.log"):     # With those of the others.
            os.symlink(f"/var/log/{log}", self.path(f"{RUNDIR}/{log}"))
        if self.index:
            self.tool("join")
        else:
            self.tool(f"--election-timer={ELECTION_TIMER}", "create")
        keeper = self.start_program(supervisor, "cluster",
                                    [programs.find("tvd-db-cluster"), "run"])
        for name, argv0, pidfile in (("database", "ovsdb-server", "tvd-cluster.pid"),
                                     ("link", "tvd-link", "tvd-link.pid")):
            supervisor.follow(programs.Daemon(self, self.prefix + name, argv0,
                                              f"{RUNDIR}/{pidfile}", keeper))

    def start_controller(self, supervisor, listen=None):
        self.start_program(supervisor, "controller", [
            programs.find("tvd-controller"), f"--db={DATABASE}",
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
    first, *others = site.managers
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(ManagerNode.certify, site.managers))
        first.start_member(site.supervisor)
        list(pool.map(lambda m: m.start_member(site.supervisor), others))
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
