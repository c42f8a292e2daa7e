# SPDX-License-Identifier: Apache-2.0
"""Calls of the controllers' API without tvdctl, for tests that ask often."""
import json
import socket

from .state import LabError


class RpcError(LabError):
    """There is no answer, or it says that it did not work."""


def call(path, method, timeout=20, **params):
    """The result of 'method' at the Unix socket 'path'."""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(path)
            s.sendall(json.dumps({"method": method, "params": [params], "id": 1}).encode())
            reply = _receive(s)
    except OSError as e:
        raise RpcError(f"{method}: {e}") from None
    if reply["error"] is not None:
        raise RpcError(f"{method}: {reply['error']['error']}")
    return reply["result"]


def _receive(s):
    text = b""
    while True:
        data = s.recv(1 << 20)
        if not data:
            raise ConnectionError("the connection was closed")
        text += data
        try:
            return json.loads(text)
        except ValueError:
            pass                # Not all of it yet.
