# SPDX-License-Identifier: Apache-2.0
"""A controller's API that says what a test wants it to say."""
import json
import os
import socket
import threading


class ApiError(Exception):
    """Raised by a method: the reply is this error."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


class Close(Exception):
    """Raised by a method: the connection is closed without a reply."""


class FakeController:
    """Listens at 'path'.  'methods' maps a method's name to a function of its
    parameters that returns the result, None for no reply at all, or bytes to
    be sent as they are.  'calls' lists (method, parameters)."""

    def __init__(self, path, methods):
        self.path = path
        self.methods = methods
        self.calls = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def close(self):
        # Ended, not just closed: the thread might otherwise be about to accept
        # from the next listener, which gets the same descriptor.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        decoder = json.JSONDecoder()
        text = b""
        with connection:
            while True:
                try:
                    data = connection.recv(1 << 20)
                except OSError:
                    return
                if not data:
                    return
                text += data
                try:
                    request, end = decoder.raw_decode(text.decode())
                except ValueError:
                    continue
                text = text.decode()[end:].encode()
                try:
                    reply = self._answer(request)
                    if reply is not None:
                        connection.sendall(reply)
                except (Close, OSError):
                    return

    def _answer(self, request):
        method, params = request["method"], request["params"]
        assert isinstance(params, list) and len(params) == 1, params
        self.calls.append((method, params[0]))
        result = error = None
        try:
            if method not in self.methods:
                raise ApiError({"error": f"unknown method '{method}'"})
            result = self.methods[method](params[0])
            if result is None or isinstance(result, bytes):
                return result
        except ApiError as e:
            error = e.error
        return json.dumps({"id": request["id"], "result": result, "error": error}).encode()
