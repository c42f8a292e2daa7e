# SPDX-License-Identifier: Apache-2.0
"""Simulated hosts: an ovsdb-server and an ovs-vswitchd each, in a run
directory of its own, with devices that are made up (--enable-dummy).

All of it runs in namespaces of the benchmark's own: see enclose()."""
import os
import signal
import subprocess
import sys
import time

from . import rpc

OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
SCRATCH = "/run/bench"      # On the private /run.


def enclose():
    """Runs this program again in namespaces of its own, unless that is where
    it runs.  When it ends, in whatever way, all that it started ends too."""
    if os.getpid() == 1:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for folder in ("/run", "/tmp"):
            subprocess.run(["mount", "-t", "tmpfs", "bench", folder], check=True)
        os.makedirs(SCRATCH)
        return
    if os.geteuid():
        raise SystemExit("bench-scale: needs root, to make namespaces of its own")
    inner = ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child",
             "--mount-proc", sys.executable, "-B", *sys.argv]
    process = subprocess.Popen(inner, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: process.kill())
    status = process.wait()
    raise SystemExit(status if status >= 0 else 128 - status)


class Daemons:
    """Programs in the background, with a log each."""

    def __init__(self):
        self.processes = []

    def start(self, argv, folder, env=None, name=None):
        name = name or os.path.basename(argv[0])
        with open(os.path.join(folder, name + ".log"), "ab") as log:
            process = subprocess.Popen(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        process.log = os.path.join(folder, name + ".log")
        process.what = name
        self.processes.append(process)
        return process

    def check(self):
        """Raises an error if one has ended by itself."""
        for process in self.processes:
            if process.poll() is not None:
                with open(process.log, encoding="utf-8", errors="replace") as f:
                    raise rpc.Error(f"{process.what} has ended: {f.read()[-500:]}")

    def stop(self, processes=None):
        processes = list(self.processes if processes is None else processes)
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
            self.processes.remove(process)


def make_database(schema, path):
    subprocess.run(["ovsdb-tool", "create", path, schema], check=True)


def serve(daemons, folder, databases, socket, *more, name="ovsdb-server"):
    """Starts an ovsdb-server; returns its process."""
    return daemons.start(
        ["ovsdb-server", "--no-chdir", f"--remote=punix:{socket}",
         f"--unixctl={folder}/{name}.ctl", "-vconsole:warn", "-vfile:off", "-vsyslog:off",
         *more, *databases], folder, name=name)


class Host:
    """One simulated host.  start(), then after the others' starts connect()."""

    def __init__(self, daemons, name):
        self.daemons, self.name = daemons, name
        self.folder = os.path.join(SCRATCH, name)
        self.socket = os.path.join(self.folder, "db.sock")
        self.env = {**os.environ, "OVS_RUNDIR": self.folder, "OVS_LOGDIR": self.folder,
                    "OVS_DBDIR": self.folder, "OVS_SYSCONFDIR": self.folder}
        self.db = self.server = self.vswitchd = None

    def start(self, template, **external_ids):
        os.makedirs(self.folder)
        path = os.path.join(self.folder, "conf.db")
        subprocess.run(["cp", template, path], check=True)
        self.server = serve(self.daemons, self.folder, [path], self.socket)
        rpc.wait_for(self.socket).close()
        self.db = rpc.Database(self.socket, "Open_vSwitch")
        self.db.transact(rpc.insert("Open_vSwitch", {
            "external_ids": rpc.ovs_map(**external_ids),
            "other_config": ["map", [["n-handler-threads", "1"],
                                     ["n-revalidator-threads", "1"]]]}))
        self.vswitchd = self.daemons.start(
            ["ovs-vswitchd", "--enable-dummy=override", "--disable-system", "--no-chdir",
             f"--unixctl={self.folder}/ovs-vswitchd.ctl", "-vconsole:warn", "-vfile:off",
             "-vsyslog:off", f"unix:{self.socket}"], self.folder, self.env)

    def add_bridge(self, name):
        self.db.transact(
            rpc.insert("Interface", {"name": name, "type": "internal"}, "iface"),
            rpc.insert("Port", {"name": name, "interfaces": rpc.named("iface")}, "port"),
            rpc.insert("Bridge", {
                "name": name, "ports": rpc.named("port"), "fail_mode": "secure",
                "datapath_type": "netdev",
                "other_config": ["map", [["disable-in-band", "true"]]],
                "protocols": ["set", ["OpenFlow13", "OpenFlow14", "OpenFlow15"]]}, "bridge"),
            rpc.mutate("Open_vSwitch", [], "bridges", "insert",
                       ["set", [rpc.named("bridge")]]))

    def begin_ports(self, bridge, ports):
        """Adds 'ports' (name: iface-id); returns a request for finish()."""
        ops, uuids = [], []
        for i, (name, iface_id) in enumerate(ports.items()):
            ops += [rpc.insert("Interface", {"name": name, "type": "internal",
                                             "external_ids": ["map", [["iface-id", iface_id]]]},
                               f"iface{i}"),
                    rpc.insert("Port", {"name": name, "interfaces": rpc.named(f"iface{i}")},
                               f"port{i}")]
            uuids.append(rpc.named(f"port{i}"))
        ops.append(rpc.mutate("Bridge", [["name", "==", bridge]], "ports", "insert",
                              ["set", uuids]))
        return self.db.begin(*ops)

    def add_ports(self, bridge, ports):
        self.db.finish(self.begin_ports(bridge, ports))

    def del_port(self, bridge, name):
        uuid = self.db.rows("Port", ["_uuid"], [["name", "==", name]])[0]["_uuid"]
        self.db.transact(rpc.mutate("Bridge", [["name", "==", bridge]], "ports", "delete",
                                    ["set", [uuid]]))

    def ofport(self, name):
        rows = self.db.rows("Interface", ["ofport"], [["name", "==", name]])
        return rows[0]["ofport"] if rows and isinstance(rows[0]["ofport"], int) else None

    def empty(self, bridge):
        """Removes all flows."""
        subprocess.run(["ovs-ofctl", "-O", "OpenFlow15", "del-flows", self.mgmt(bridge)],
                       check=True)

    def wait_bridge(self, bridge, seconds=60):
        deadline = time.monotonic() + seconds
        while not os.path.exists(f"{self.folder}/{bridge}.mgmt"):
            if time.monotonic() > deadline:
                raise rpc.Error(f"host {self.name} has no bridge {bridge} after {seconds} s")
            time.sleep(0.02)

    def mgmt(self, bridge):
        return f"unix:{self.folder}/{bridge}.mgmt"
