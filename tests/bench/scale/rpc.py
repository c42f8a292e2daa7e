# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC over a Unix socket, as OVSDB, unixctl and our API speak it.

A connection that stays open: to start a program such as ovn-nbctl or tvdctl
costs more than much of what is measured, and the same for both sides."""
import json
import socket
import time


class Error(Exception):
    """A request was refused."""


class Rpc:
    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.text, self.id = "", 0
        self.decoder = json.JSONDecoder()

    def close(self):
        self.socket.close()

    def _receive(self):
        while True:
            self.text = self.text.lstrip()
            # A message is an object; only one that ends like it is tried.
            if self.text.endswith("}"):
                try:
                    reply, end = self.decoder.raw_decode(self.text)
                    self.text = self.text[end:]
                    return reply
                except ValueError:
                    pass
            data = self.socket.recv(1 << 20)
            if not data:
                raise Error("the connection was closed")
            self.text += data.decode()

    def send(self, method, *params):
        self.id += 1
        self.socket.sendall(json.dumps({"method": method, "params": list(params),
                                        "id": self.id}).encode())
        return self.id

    def wait(self, request):
        while True:
            reply = self._receive()
            if reply.get("method") == "echo":
                self.socket.sendall(json.dumps({"result": reply["params"], "error": None,
                                                "id": reply["id"]}).encode())
            elif reply.get("id") == request:
                if reply.get("error"):
                    raise Error(str(reply["error"])[:500])
                return reply["result"]

    def call(self, method, *params):
        return self.wait(self.send(method, *params))


class Database:
    """A database behind an ovsdb-server's socket."""

    def __init__(self, path, name):
        self.rpc, self.name = Rpc(path), name

    def begin(self, *ops):
        """Sends a transaction; finish() waits for it."""
        return self.rpc.send("transact", self.name, *ops)

    def finish(self, request):
        results = self.rpc.wait(request)
        for result in results:
            if result and result.get("error"):
                raise Error(f"{self.name}: {result['error']}: {result.get('details')}")
        return results

    def transact(self, *ops):
        return self.finish(self.begin(*ops))

    def rows(self, table, columns, where=()):
        return self.transact({"op": "select", "table": table, "where": list(where),
                              "columns": columns})[0]["rows"]


def insert(table, row, name=None):
    op = {"op": "insert", "table": table, "row": row}
    if name:
        op["uuid-name"] = name
    return op


def mutate(table, where, column, mutator, value):
    return {"op": "mutate", "table": table, "where": where,
            "mutations": [[column, mutator, value]]}


def named(name):
    return ["named-uuid", name]


def ovs_map(**pairs):
    return ["map", [[k.replace("_", "-"), v] for k, v in pairs.items()]]


def wait_for(path, seconds=60):
    """Until something listens at 'path'; returns a connection."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Rpc(path)
        except OSError:
            if time.monotonic() > deadline:
                raise Error(f"nothing listens at {path}") from None
            time.sleep(0.02)
