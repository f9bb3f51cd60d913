# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that loses replies (the request has reached the server, the client sees its connection reset) or lets
them wait."""
import random
import socket
import struct
import threading
import time
from urllib.parse import urlparse


class LossyProxy:
    """Listens on a free loopback port before `url`; each piece of a reply is lost with some probability, and the
    connection with it. `lost` counts them. What is not lost takes `delay` seconds longer."""

    def __init__(self, url, probability=0, seed=0, delay=0):
        self.delay = delay
        self.target = (urlparse(url).hostname, urlparse(url).port)
        self.probability, self.random, self.lost = probability, random.Random(seed), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source, sink, reply):
        try:
            while data := source.recv(65536):
                if reply and self.random.random() < self.probability:
                    self.lost += 1
                    # Reset, as a broken network would look, rather than an orderly end.
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                if reply:
                    time.sleep(self.delay)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def close(self):
        self.listener.close()
