# SPDX-License-Identifier: Apache-2.0
"""Talking to a lab: bringing it up, asking its daemon, taking it down."""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

from . import facts, ns, policy, programs, state, wiring
from .state import LabError

LAB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab")


def check(path):
    """What is wrong with policy file 'path', as tvdctl says it, or None."""
    result = subprocess.run([programs.find("tvdctl"), "check", path], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env=programs.environment(), check=False)
    return result.stdout.strip() if result.returncode else None


def up(name, path, only=None, progress=lambda text: None, wire=True, collapse=False,
       vlan=False, cluster=False, lifetime=None, controller_options=(),
       snmp=False, look=False):
    """Brings up lab 'name' from policy file 'path'; all or nothing.  With
    wire=False no EEs are made, which benchmarks do in their own way; with
    'cluster' the database is a cluster (cluster.py) whose controllers get
    'controller_options' too; hosts' certificates last for 'lifetime'; with
    'snmp' the controller sets the switches that the policy has, or as many in
    their place as it says (wiring.behind()), and with 'look' reads them before
    and keeps that for switches.py; the rest as in policy.derive()."""
    if not os.path.exists(path):
        raise LabError(f"{path}: no such file")
    wrong = check(path)
    if wrong:
        raise LabError(wrong)
    data, note = policy.derive(policy.load(path), only, collapse, vlan)
    if note:
        progress(note)
    if snmp and snmp is not True and len(data["hosts"]) > 1:
        data = wiring.behind(data, snmp)
        note = "; ".join(filter(None, (note, f"the hosts are behind {snmp} SNMP switches")))
        progress(note)
    played, unplayable = wiring.of_policy(data) if snmp else (None, None)
    if not played:
        data, absent = wiring.unmanaged(data)
        note = "; ".join(filter(None, (note, absent))) or None
    if unplayable:
        progress(f"one plain switch stands for those of the policy: {unplayable}")
    options = {"file": os.path.abspath(path), "note": note,
               "wire": wire, "cluster": cluster, "lifetime": lifetime, "snmp": snmp,
               "look": look,
               "controller_options": list(controller_options)}
    return _start(name, options, data, progress)


def up_plain(name, nics, host="lab", progress=lambda text: None):
    """Brings up a lab of EEs on a bridge that learns, without our programs."""
    return _start(name, {"host": host, "plain": nics}, None, progress)


def _start(name, options, data, progress):
    path = state.create(name)
    try:
        if data is not None:
            options["policy"] = os.path.join(path, "policy.yaml")
            if options["note"]:
                policy.save(data, options["policy"])
            else:
                shutil.copy(options["file"], options["policy"])
        _launch(name, options, progress)
    except BaseException:       # Also Ctrl-C: a lab is up or it is not there.
        keep = os.environ.get("TVD_LAB_KEEP_LOGS")
        if keep:
            save_logs(name, keep)
        state.remove(name)
        raise
    return Lab(name)


def _launch(name, options, progress):
    # No bytecode files: a tree that was clean stays clean.
    process = subprocess.Popen([sys.executable, LAB, state.INIT_VERB, name],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               start_new_session=True,
                               env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    with process.stdin, process.stdout:
        process.stdin.write(json.dumps(options) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise LabError(message["error"])
            if message.get("up"):
                process.wait()
                return
            progress(f"{message['progress']} ({message['seconds']:.1f} s)")
    process.wait()
    raise LabError(f"the daemon of lab '{name}' has ended unexpectedly")


def save_logs(name, target):
    source = os.path.join(state.directory(name), "log")
    if os.path.isdir(source):
        shutil.copytree(source, os.path.join(target, name), dirs_exist_ok=True)


def down(name):
    """Takes lab 'name' down; False if there was none."""
    keep = os.environ.get("TVD_LAB_KEEP_LOGS")
    if keep and state.exists(name):
        save_logs(name, keep)
    if os.environ.get("TVD_SANITIZED"):
        _exit_programs(name)
    return state.remove(name)


def _exit_programs(name):
    """Lets our programs end by themselves, as only then a sanitizer looks for
    leaks."""
    try:
        lab = Lab(name)
        for program in sorted(lab.info["programs"], key=lambda p: p == "controller"):
            if program.rpartition("/")[2] in ("agent", "controller"):
                lab.request("exit", program=program)
    except LabError:
        pass                    # It has ended already.


class Lab:
    """A lab that is up."""

    def __init__(self, name):
        self.name = name
        if not state.exists(name):
            others = state.names()
            hint = f"; labs here: {', '.join(others)}" if others else ""
            raise LabError(f"there is no lab '{name}': run 'lab up FILE' first{hint}")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(state.control_socket(name))
        except OSError as e:
            raise LabError(f"lab '{name}' does not answer ({e.strerror}): "
                           "take it down with 'lab down'") from None
        self._netns = {}
        self._lock = threading.Lock()       # Threads of a test share a lab.
        self.refresh()

    def request(self, op, **parameters):
        return self.request_fds(op, **parameters)[0]

    def request_fds(self, op, **parameters):
        with self._lock:
            return self._exchange(op, parameters)

    def _exchange(self, op, parameters):
        self._socket.sendall((json.dumps({"op": op, **parameters}) + "\n").encode())
        data, fds = b"", []
        while not data.endswith(b"\n"):
            part, more, _, _ = socket.recv_fds(self._socket, 65536, 256)
            if not part:
                raise LabError(f"lab '{self.name}' has ended")
            data += part
            fds += more
        reply = json.loads(data)
        if "error" in reply:
            raise LabError(reply["error"])
        return reply, fds

    def refresh(self):
        """Reads again which NICs there are."""
        self.info = self.request("info")
        self.nics = self.info["nics"]

    def netns(self, ee):
        """The network namespace of 'ee', as a file descriptor that is kept."""
        if ee not in self._netns:
            self._open_netns([ee])
        return self._netns[ee]

    def _open_netns(self, names):
        while names:
            reply, fds = self.request_fds("netns", names=names)
            self._netns.update(zip(reply["names"], fds))
            names = names[len(fds):]

    def open_all(self):
        """Opens the namespaces of all EEs at once."""
        names = {nic["ee"] for nic in self.nics} - set(self._netns)
        self._open_netns(sorted(names))

    def forget(self, ee):
        """The namespace of 'ee' is to be asked for again."""
        fd = self._netns.pop(ee, None)
        if fd is not None:
            os.close(fd)

    def enter(self, name, argv, **popen_args):
        """Starts 'argv' in the namespaces of EE (or host) 'name'."""
        reply, fds = self.request_fds("enter", name=name)
        env = dict(os.environ, **reply["env"])
        try:
            return subprocess.Popen(argv, preexec_fn=lambda: ns.enter_and_fork(*fds),
                                    env=env, **popen_args)
        except FileNotFoundError:
            raise LabError(f"{argv[0]}: no such program") from None
        finally:
            for fd in fds:
                os.close(fd)

    def run(self, name, *argv, check=True, input_text=None):
        """Runs 'argv' in 'name'; returns (exit status, output)."""
        process = self.enter(name, list(argv), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out, _ = process.communicate(input_text)
        if check and process.returncode:
            raise LabError(f"{' '.join(argv)} in {name}: {out.strip()}")
        return process.returncode, out

    def ctl(self, *args, check=True):
        """Runs tvdctl against this lab's controller."""
        return self.run(self.info["host"], *self.tvdctl(), *args, check=check)[1]

    def tvdctl(self):
        """The beginning of a command for a controller."""
        return [programs.find("tvdctl"), *self.info["ctl_options"]]

    def can(self, path, services):
        """What tvdctl expects of all pairs for 'services', as JSON text; asked
        about the policy file alone, not the controller."""
        result = subprocess.run(
            [programs.find("tvdctl"), "--format=json", "can", "--policy", path, "--all",
             *services], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=programs.environment(), check=False)
        if result.returncode not in (0, 1):
            raise LabError(result.stderr.strip() or "tvdctl can has failed")
        return result.stdout

    def silence(self, ee, silent=True):
        """The kernel of 'ee' drops all that it receives, so that it neither
        answers nor complains; packet sockets see it before."""
        what = "add table inet quiet; add chain inet quiet in " \
            "{ type filter hook input priority 0; policy drop; }"
        self.run(ee, "nft", what if silent else "delete table inet quiet")

    def kill(self, program, sig=9):
        return self.request("kill", program=program, sig=int(sig))["pid"]

    def facts(self):
        """The NICs as the controller sees them at this moment."""
        return facts.nics(self.ctl)

    def tvds(self):
        """What the controller has allocated for each TVD, by name."""
        return {row["name"]: row
                for row in facts.rows(self.ctl("--format=json", "show", "tvds"))}

    def wait_program(self, program, timeout=5):
        """Waits until 'program' runs."""
        deadline = time.monotonic() + timeout
        while not self.request("info")["programs"][program]["alive"]:
            if time.monotonic() > deadline:
                raise LabError(f"{program} has not come back within {timeout} s")
            time.sleep(0.02)
