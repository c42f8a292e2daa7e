# SPDX-License-Identifier: Apache-2.0
"""What tests of the database and the API over TLS have in common: where the
programs are, TAP, waiting, JSON-RPC, certificate requests, and namespaces of
their own."""
import json
import os
import ssl
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("B", "build"))
CONTROLLER = os.path.join(BUILD, "controller", "tvd-controller")
AGENT = os.path.join(BUILD, "agent", "tvd-agent")
TVDCTL = os.path.join(BUILD, "cli", "tvdctl")
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Tally:
    count = failed = 0


def ok(good, what, detail=None):
    Tally.count += 1
    Tally.failed += not good
    print(f"{'' if good else 'not '}ok {Tally.count} - {what}", flush=True)
    if not good and detail not in (None, ""):
        print("# " + str(detail).replace("\n", "\n# "), flush=True)
    return good


def until(condition, limit=10.0):
    """The seconds until 'condition' held; None if it did not in time."""
    start = time.monotonic()
    while time.monotonic() - start < limit:
        if condition():
            return max(time.monotonic() - start, 0.001)
        time.sleep(0.02)
    return None


class Rpc:
    """JSON-RPC over a connected socket."""

    def __init__(self, sock):
        self.sock, self.text, self.id = sock, "", 0
        sock.settimeout(10)

    def receive(self):
        decoder = json.JSONDecoder()
        while True:
            self.text = self.text.lstrip()
            try:
                reply, end = decoder.raw_decode(self.text)
                self.text = self.text[end:]
                return reply
            except ValueError:
                pass
            data = self.sock.recv(1 << 16)
            if not data:
                raise EOFError("connection closed")
            self.text += data.decode()

    def call(self, method, *params):
        self.id += 1
        self.sock.sendall(json.dumps({"method": method, "params": list(params),
                                      "id": self.id}).encode())
        while True:
            reply = self.receive()
            if reply.get("id") == self.id:
                return reply

    def transact(self, *ops):
        return self.call("transact", "TVD", *ops)["result"]

    def rows(self, table, where=()):
        return self.transact({"op": "select", "table": table,
                              "where": list(where)})[0]["rows"]


def error_of(result):
    """The first error in what a transaction resulted in."""
    return next((r["error"] for r in result if r and "error" in r), None)


def request_certificate(directory, name, *args):
    """A key NAME-key.pem and a request NAME.csr in 'directory'."""
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}-key.pem",
                    "-subj", f"/CN={name}", "-out", f"{name}.csr", *args],
                   cwd=directory, check=True, stderr=subprocess.DEVNULL)


def over_tls(plain, cert=None, key=None, ca=None):
    """Rpc over the connected socket 'plain'.  Without 'ca' anybody is taken
    for the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if ca:
        context.load_verify_locations(ca)
    else:
        context.verify_mode = ssl.CERT_NONE
    if cert:
        context.load_cert_chain(cert, key)
    return Rpc(context.wrap_socket(plain))


def enter(variable):
    """Starts the test again in namespaces of its own, which end with it;
    'variable' of the environment says that this is it.  Who is not root goes
    on without."""
    if variable in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    elif not os.geteuid():
        os.environ[variable] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork",
                              "--kill-child", "--mount-proc", sys.executable,
                              os.path.abspath(sys.argv[0]), *sys.argv[1:]])
