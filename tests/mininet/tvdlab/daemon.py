# SPDX-License-Identifier: Apache-2.0
"""The process that holds a lab.

It is started by "lab up" as "lab __init NAME", makes PID, mount and network
namespaces of its own, and leaves an init in the new PID namespace that reaps
orphans and ends when the daemon ends.  The daemon builds the lab, reports on
standard output (a line of JSON for each step; when nobody reads it any more
before the lab is up, it undoes everything), and then serves requests on the
control socket: a line of JSON each way, with namespaces as file descriptors
beside it."""
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback

from . import facts, nodes, ns, programs, state
from .state import LabError

MAX_FDS = 200                   # The kernel passes at most 253 at a time.


def init_main(name):
    """Runs as the outermost process of lab 'name'; does not return."""
    ns.unshare(ns.CLONE_NEWPID | ns.CLONE_NEWNS | ns.CLONE_NEWNET)
    if os.fork():
        os._exit(0)
    ns.mount("none", "/", None, ns.MS_REC | ns.MS_PRIVATE)
    ns.mount("proc", "/proc", "proc", ns.MS_NOSUID | ns.MS_NODEV | ns.MS_NOEXEC)
    child = os.fork()
    if child:
        _reap(child)
    ns.die_with_parent(signal.SIGKILL)
    _run(name)


def _reap(child):
    """What an init does.  Its end is the end of all others."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)
    while True:
        pid, _ = os.wait()
        if pid == child:
            os._exit(0)


def _run(name):
    for sig in (signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)      # "lab up" says when to stop.
    lab = LabDaemon(name)
    try:
        lab.up(json.loads(sys.stdin.readline()))
        lab.say(up=True)
    except BrokenPipeError:
        _undo(name)
    except LabError as e:
        lab.say_last(error=str(e))
    except Exception:           # Reported to the user; the lab is undone there.
        lab.say_last(error="internal error:\n" + traceback.format_exc())
    lab.detach()
    lab.serve()


def _undo(name):
    """Nobody waits for this lab any more."""
    import shutil
    shutil.rmtree(state.directory(name), ignore_errors=True)
    os._exit(1)


class LabDaemon:
    def __init__(self, name):
        self.name = name
        self.dir = state.directory(name)
        self.started = time.time()
        self.host = None
        self.net = None
        self.supervisor = programs.Supervisor()
        self.ees = {}           # Name of an EE to its EeNode.
        self.nics = []          # What the controller says (facts.py).
        self.options = {}
        self.listener = None

    # Reporting.

    def say(self, **message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def say_last(self, **message):
        try:
            self.say(**message)
        except BrokenPipeError:
            _undo(self.name)
        # "lab up" ends this process when it has shown the message.
        time.sleep(10)
        _undo(self.name)

    def step(self, text, since):
        self.say(progress=text, seconds=round(time.monotonic() - since, 2))

    def detach(self):
        """The lab is up: "lab up" ends now."""
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)

    # Building.

    def up(self, options):
        self.options = options
        began = time.monotonic()
        log_dir = os.path.join(self.dir, "log")
        os.makedirs(log_dir)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(state.control_socket(self.name))
        os.chmod(state.control_socket(self.name), 0o600)
        self.listener.listen(16)
        self.net = nodes.Mininet(controller=None, build=False)
        self.host = self.net.addHost(options["host"], cls=nodes.HostNode, log_dir=log_dir)
        self.supervisor.start()
        self.host.start_ovs(self.supervisor)
        self.step(f"host {self.host.name}: Open vSwitch runs", began)
        if options.get("plain"):
            self.plain(options["plain"])
            return
        began = time.monotonic()
        self.start_tvd()
        self.step("controller and agent run", began)
        began = time.monotonic()
        with open(options["policy"], encoding="utf-8") as f:
            # Not by its name: the host has a /run of its own.
            self.ctl("apply", "--wait=30", "-", input_text=f.read())
        self.step("policy applied and enforced", began)
        if options.get("wire", True):
            self.sync()

    def start_tvd(self):
        for name, argv in programs.tvd_commands(self.host.name).items():
            self.host.start_program(self.supervisor, name, argv)
            if name == "controller":
                self.host.wait_path("/run/tvd/controller.sock", self.supervisor, name)
        self.wait_controller()

    def wait_controller(self, timeout=10):
        """Waits until the controller has read its database."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.ctl("show", "hosts")
                return
            except LabError as e:
                if time.monotonic() > deadline:
                    raise LabError(f"the controller does not answer: {e}\n" + self.supervisor
                                   .programs["controller"].tail()) from None
            time.sleep(0.05)

    def plain(self, plain):
        """A lab without the product: a bridge that learns, for measurements.
        'plain' is a list of NICs as in facts.py."""
        self.host.vsctl("add-br", nodes.BRIDGE, "--", "set", "bridge", nodes.BRIDGE,
                        "datapath_type=netdev")
        self.nics = plain
        self.make_ees()

    def ctl(self, *args, input_text=None):
        """Runs tvdctl on the host; returns what it printed."""
        return nodes.run(self.host, [programs.find("tvdctl"), *args], input_text,
                         env=programs.environment())

    def sync(self):
        """Makes the EEs what the controller says they are."""
        began = time.monotonic()
        self.nics = facts.nics(self.ctl)
        made, removed = self.make_ees()
        if made or removed:
            self.wait_installed(made)
            self.step_quiet(f"{len(made)} EEs made, {len(removed)} removed", began)
        return {"made": made, "removed": removed}

    def step_quiet(self, text, since):
        try:
            self.step(text, since)
        except BrokenPipeError:
            raise
        except ValueError:
            pass

    def make_ees(self):
        """Makes and removes EE nodes so that they match self.nics."""
        wanted = {}
        for nic in self.nics:
            if not nic["managed"]:
                wanted.setdefault(nic["ee"], []).append(nic)
        removed = [e for e, node in self.ees.items()
                   if facts.wiring(node.nics) != facts.wiring(wanted.get(e, []))]
        self.remove_ees(removed)
        made = [e for e in wanted if e not in self.ees]
        ports = []
        for ee in made:
            node = self.net.addHost(ee, cls=nodes.EeNode)
            self.ees[ee] = node
            ports += node.attach(self.host, wanted[ee])
        self.host.add_ports(ports)
        for ee, node in self.ees.items():
            node.nics = wanted[ee]
        return made, [e for e in removed if e not in wanted]

    def remove_ees(self, names):
        ports = [nodes.outer_name(ee, nic["name"]) for ee in names
                 for nic in self.ees[ee].nics]
        self.host.remove_ports(ports)
        for ee in names:
            node = self.ees.pop(ee)
            self.net.hosts.remove(node)
            del self.net.nameToNode[ee]
            node.stop()

    def wait_installed(self, ees, timeout=20):
        """Waits until the agent has installed the NICs of 'ees' and those of
        the gateways that it makes, or has refused them with a reason."""
        began = time.monotonic()
        deadline = began + timeout
        while True:
            self.nics = facts.nics(self.ctl)
            # A gateway's port may be refused until the agent knows its own.
            early = time.monotonic() < began + 2
            waiting = [n for n in self.nics if n["ee"] in ees and facts.pending(n)
                       or n["managed"] and (facts.pending(n) or early
                                            and n["state"] != "installed")]
            if not waiting:
                return
            if time.monotonic() > deadline:
                names = ", ".join(f"{n['ee']}/{n['name']}" for n in waiting)
                raise LabError(f"the agent has not installed {names} within {timeout} s\n"
                               + self.supervisor.programs["agent"].tail())
            time.sleep(0.05)

    # Serving.

    def serve(self):
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.settimeout(5)
                    selector.register(connection, selectors.EVENT_READ,
                                      connection.makefile("r"))
                else:
                    self._request(selector, key.fileobj, key.data)

    def _request(self, selector, connection, lines):
        try:
            line = lines.readline()
            if not line:
                raise ConnectionError
            request = json.loads(line)
        except (OSError, ValueError):
            selector.unregister(connection)
            connection.close()
            return
        fds = []
        try:
            reply, fds = self._do(request)
        except LabError as e:
            reply = {"error": str(e)}
        except Exception:       # A request must not end the lab.
            reply = {"error": "internal error:\n" + traceback.format_exc()}
        try:
            data = (json.dumps(reply) + "\n").encode()
            socket.send_fds(connection, [data[:1]], fds[:MAX_FDS])
            connection.sendall(data[1:])
        except OSError:
            selector.unregister(connection)
            connection.close()
        for fd in fds:
            os.close(fd)

    def _do(self, request):
        op = request.pop("op")
        handler = getattr(self, "do_" + op, None)
        if handler is None:
            raise LabError(f"unknown request '{op}'")
        result = handler(**request)
        return result if isinstance(result, tuple) else (result, [])

    def do_info(self):
        running = {name: {"pid": p.popen.pid, "alive": p.alive(), "restarts": p.restarts}
                   for name, p in self.supervisor.programs.items()}
        return {"name": self.name, "host": self.host.name, "nics": self.nics,
                "policy": self.options.get("policy"), "file": self.options.get("file"),
                "note": self.options.get("note"), "started": self.started,
                "programs": running, "log": os.path.join(self.dir, "log"),
                "ees": list(self.ees)}

    def do_sync(self):
        return self.sync()

    def do_kill(self, program, sig=int(signal.SIGKILL)):
        return {"pid": self.supervisor.kill(program, sig)}

    def do_exit(self, program):
        """Ends one of our programs as an administrator would."""
        self.supervisor.hold(program, True)
        nodes.run(self.host, ["ovs-appctl", "-T", "20", "-t",
                              f"/run/tvd/tvd-{program}.ctl", "exit"],
                  env=programs.environment())
        deadline = time.monotonic() + 20
        while self.supervisor.programs[program].alive():
            if time.monotonic() > deadline:
                raise LabError(f"{program} was told to exit and does not")
            time.sleep(0.02)
        return {}

    def do_hold(self, program, held):
        self.supervisor.hold(program, held)
        return {}

    def do_netns(self, names):
        """Network namespaces of the EEs 'names', as file descriptors."""
        fds = []
        for name in names[:MAX_FDS]:
            fds.append(os.open(self._netns_path(name), os.O_RDONLY))
        return {"names": names[:len(fds)]}, fds

    def _netns_path(self, name):
        if name in self.ees:
            return f"/proc/{self.ees[name].pid}/ns/net"
        if name == self.host.name:
            return f"/proc/{self.host.pid}/ns/net"
        for nic in self.nics:
            if nic["ee"] == name and nic["managed"]:
                return self.host.path(f"/run/netns/{nic['netns']}")
        known = sorted({n["ee"] for n in self.nics} | {self.host.name})
        raise LabError(f"no EE '{name}' in this lab: there are {', '.join(known)}")

    def do_enter(self, name):
        """The namespaces for a command in EE 'name': network, mount, PID."""
        node = self.ees.get(name, self.host)
        fds = [os.open(self._netns_path(name), os.O_RDONLY),
               os.open(f"/proc/{node.pid}/ns/mnt", os.O_RDONLY),
               os.open("/proc/self/ns/pid", os.O_RDONLY)]
        return {"env": programs.ENVIRONMENT, "tvdctl": programs.find("tvdctl")
                if not self.options.get("plain") else None}, fds
