"""A web server that means no good, and a network in which public names lead to it and nowhere else."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from mentoring.schedule.fetching import Network

PUBLIC = "93.184.215.14"  # never contacted: every connection to it is led to the server below
ICS = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:a@elsewhere\r
DTSTAMP:20310101T000000Z\r
DTSTART:20310210T090000Z\r
DTEND:20310210T100000Z\r
SUMMARY:Very secret dentist\r
END:VEVENT\r
END:VCALENDAR\r
"""

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Answers by path; keeps what it was asked, and how many bytes the other side let it send."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    hung_up: bool = False


@dataclass
class Names:
    """A network of tests. Each name has its answers, one a question, the last one for ever."""

    server: Server
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        if host not in self.names:
            return Network().resolve(host, port)
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append((address, port))
        assert address == PUBLIC, f"a connection to {address} was tried"
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=seconds)

    @property
    def network(self) -> Network:
        return Network(self.resolve, self.connect)


@contextmanager
def hostile_server() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append((self.path, dict(self.headers)))
            try:
                server.answers[self.path.partition("?")[0]](self)
            except OSError:
                server.hung_up = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Threaded(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, address: object) -> None:
            server.hung_up = True

    with Threaded(("127.0.0.1", 0), Handler) as running:
        server.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()


def body(content: bytes = ICS, status: int = 200, **headers: str) -> Answer:
    headers = {"Content-Type": "text/calendar"} | {name.replace("_", "-"): to for name, to in headers.items()}

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirect(to: str, status: int = 302) -> Answer:
    return body(b"", status, Location=to)


def endless(server: Server, size: int, *, says: bool = False, piece: bytes = b"X" * 65_536) -> Answer:
    """A body of `size` bytes, with or without saying so."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/calendar")
        handler.send_header(*(("Content-Length", str(size)) if says else ("Connection", "close")))
        handler.end_headers()
        handler.close_connection = True
        while server.sent < size:
            handler.wfile.write(piece)
            server.sent += len(piece)

    return answer


def dripping(server: Server, before: bytes = b"", every: float = 0.05) -> Answer:
    """One byte after the other, for ever; `before` is sent at once."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(before)
        while True:
            handler.wfile.write(b"A")
            server.sent += 1
            time.sleep(every)

    return answer
