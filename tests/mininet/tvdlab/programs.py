# SPDX-License-Identifier: Apache-2.0
"""The daemons of a lab's host, and keeping them running.

What dies is started again after 100 ms, as the systemd units do."""
import os
import shutil
import signal
import subprocess
import threading
import time

from .state import LabError

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
RESTART_DELAY = 0.1

# Inside a host node everything that is written lies on its private /run and
# /var/log, so that nothing of the machine is touched.
ENVIRONMENT = {
    "OVS_RUNDIR": "/run/openvswitch",
    "OVS_LOGDIR": "/var/log",
    "OVS_DBDIR": "/run/openvswitch/db",
    "OVS_SYSCONFDIR": "/run/etc",
    "TVD_RUNDIR": "/run/tvd",
    "TVD_DBDIR": "/run/tvd-db",
    "TVD_AGENTDIR": "/run/tvd-agent",
    "TVD_SYSCONFDIR": "/run/etc/tvd",
}
DIRECTORIES = ["/run/openvswitch/db", "/run/etc/tvd", "/run/tvd", "/run/tvd-db",
               "/run/tvd-agent", "/run/netns"]
OVS_DB = "/run/openvswitch/db/conf.db"
TOKEN = ENVIRONMENT["TVD_AGENTDIR"] + "/token"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def build_dir():
    return os.path.join(TOP, os.environ.get("B", "build"))


def find(program):
    """The path of one of our programs: from this tree if it has been built,
    otherwise an installed one."""
    folder = {"tvdctl": "cli", "tvd-agent": "agent", "tvd-controller": "controller",
              "tvd-switchsim": "switchsim", "tvd-link": "link",
              "tvd-db-cluster": os.path.join(TOP, "packaging")}
    built = os.path.join(build_dir(), folder[program], program)
    if os.access(built, os.X_OK):
        return built
    installed = shutil.which(program, path=os.environ.get("PATH", "")
                             + ":/usr/local/sbin:/usr/sbin")
    if not installed:
        raise LabError(f"{program} is neither built ({built}) nor installed: run 'make'")
    return installed


def environment():
    env = dict(os.environ)
    env.update(ENVIRONMENT)
    schema = os.path.join(TOP, "schema")
    if os.path.isdir(schema):
        env.setdefault("TVD_DATADIR", schema)
    link = os.path.join(build_dir(), "link")
    if os.path.isdir(link):
        env.setdefault("TVD_SBINDIR", link)     # Where tvd-db-cluster looks for tvd-link.
    return env


def ovs_commands():
    """Open vSwitch's daemons, in the order of starting."""
    run = ENVIRONMENT["OVS_RUNDIR"]
    return {
        "ovsdb-server": ["/usr/sbin/ovsdb-server", OVS_DB, f"--remote=punix:{run}/db.sock",
                         "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
                         f"--pidfile={run}/ovsdb-server.pid",
                         f"--unixctl={run}/ovsdb-server.ctl", "-vconsole:warn",
                         "--log-file=/var/log/ovsdb-server.log"],
        "ovs-vswitchd": ["/usr/sbin/ovs-vswitchd", f"unix:{run}/db.sock",
                         f"--pidfile={run}/ovs-vswitchd.pid", "-vconsole:warn",
                         "--log-file=/var/log/ovs-vswitchd.log"],
    }


def controller_command(*options):
    return [find("tvd-controller"), "-vconsole:warn", "--log-file=/var/log/tvd-controller.log",
            *options]


def agent_command(host, *options):
    """The agent of host 'host'; 'options' say where the database is if it is not
    beside it."""
    return [find("tvd-agent"), f"--host={host}", "-vconsole:warn",
            "--log-file=/var/log/tvd-agent.log", *options]


class Program:
    """One that is started, and started again, by the supervisor."""

    def __init__(self, node, name, argv, log):
        self.node = node
        self.name = name
        self.argv = argv
        self.log = log
        self.popen = None
        self.restarts = 0
        self.died = None        # When it was found dead.
        self.wanted = True

    def start(self):
        # Truncated at the first start, so that the tail shows this lab's.
        with open(self.log, "ab") as out:
            self.popen = self.node.popen(self.argv, stdin=subprocess.DEVNULL,
                                         stdout=out, stderr=out, env=environment())
        self.died = None

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def send_signal(self, sig):
        self.popen.send_signal(sig)

    def end(self):
        """Kills it and what it runs, but for what it has put into the background:
        it leads a session of its own, as node.popen() starts it."""
        if self.alive():
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def hold(self, held):
        self.wanted = not held

    def tend(self, now):
        if self.alive() or not self.wanted:
            return
        if self.died is None:
            self.died = now
        elif now - self.died >= RESTART_DELAY:
            self.restarts += 1
            self.start()

    def tail(self, lines=8):
        try:
            with open(self.log, errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except OSError:
            return ""


class Daemon:
    """One that another program, its 'keeper', starts in the background, and
    starts again when it has died.  'argv0' and the file 'pidfile' on 'node' say
    which it is."""

    def __init__(self, node, name, argv0, pidfile, keeper):
        self.node, self.name, self.keeper = node, name, keeper
        self.argv0, self.pidfile = argv0, node.path(pidfile)
        self.pid, self.restarts = None, 0

    def _is(self, pid):
        """It, and not one that has ended, or of another machine."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                argv0 = f.read().partition(b"\0")[0].decode(errors="replace")
            return os.path.basename(argv0) == self.argv0 and \
                os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{self.node.pid}/ns/mnt")
        except OSError:
            return False

    def alive(self):
        """Whether it has come up.  Notices that it is another process than the
        last time, which is what counts as a restart."""
        try:
            with open(self.pidfile, encoding="ascii") as f:
                pid = int(f.read())
        except (OSError, ValueError):
            return False
        if not self._is(pid):
            return False
        if pid != self.pid:
            self.restarts += self.pid is not None
            self.pid = pid
        return True

    def send_signal(self, sig):
        """To all of it: while it starts there is one process that waits for the
        other, and a pid file that is of neither."""
        self.alive()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if self._is(pid):
                try:
                    os.kill(int(pid), sig)
                except ProcessLookupError:
                    pass

    def end(self):
        self.send_signal(signal.SIGKILL)

    def hold(self, held):
        """Its keeper is killed, so that nobody starts it again."""
        self.keeper.hold(held)
        if held:
            self.keeper.end()

    def tend(self, now):
        pass                    # Its keeper does.

    def tail(self):
        return self.keeper.tail()


class Supervisor(threading.Thread):
    """Starts again what has died."""

    def __init__(self):
        super().__init__(daemon=True)
        self.programs = {}
        self._ended = False
        self._lock = threading.Lock()

    def add(self, node, name, argv, log):
        program = Program(node, name, argv, log)
        program.start()
        return self.follow(program)

    def follow(self, program):
        """Takes a Program that was started, or a Daemon, into its list."""
        with self._lock:
            self.programs[program.name] = program
        return program

    def kill(self, name, sig=signal.SIGKILL):
        with self._lock:
            program = self.find(name)
            program.send_signal(sig)
        return program.pid

    def find(self, name):
        """The program called 'name'.  On several machines it is MACHINE/PROGRAM,
        or PROGRAM alone if there is but one."""
        found = [p for full, p in self.programs.items()
                 if name == full or full.endswith("/" + name)]
        if len(found) != 1:
            raise LabError(f"'{name}' is {'no program' if not found else 'ambiguous'}: "
                           f"there are {', '.join(self.programs)}")
        return found[0]

    def hold(self, name, held):
        """With held=True 'name' is not started again when it dies."""
        with self._lock:
            self.find(name).hold(held)

    def stop(self, first, patience=5):
        """Ends all programs for good.  'first' is told to and has some seconds."""
        with self._lock:
            self._ended = True
            for name, program in self.programs.items():
                if program.alive() and name.rpartition("/")[2] == first:
                    program.popen.terminate()
                    try:
                        program.popen.wait(patience)
                    except subprocess.TimeoutExpired:
                        pass
            # Keepers are there before what they keep.
            for program in self.programs.values():
                program.end()

    def run(self):
        while not self._ended:
            time.sleep(0.02)
            with self._lock:
                for program in [] if self._ended else self.programs.values():
                    program.tend(time.monotonic())
