"""Reading an address that somebody typed in: what is refused, and that nothing else is ever touched."""

import gzip
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mentoring.schedule import fetching
from mentoring.schedule.fetching import FetchError, fetch, is_public, place_of
from tests.schedule.hostile import (
    ICS,
    PUBLIC,
    Names,
    Server,
    body,
    dripping,
    endless,
    hostile_server,
    redirect,
)

ELSEWHERE = "The address leads to a place that Holdfast does not read from."
HERE = "http://calendar.example/a.ics"


@pytest.fixture
def server():
    with hostile_server() as running:
        running.answers["/a.ics"] = body()
        yield running


@pytest.fixture
def names(server: Server) -> Names:
    return Names(server, {"calendar.example": [[PUBLIC]], "inside.example": [["127.0.0.1"]]})


def refused(names: Names, address: str = HERE, **over) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(address, network=names.network, **over)
    return str(caught.value)


def test_fetch_reads_a_public_calendar(names, server) -> None:
    assert fetch(HERE, network=names.network) == ICS
    assert names.connected == [(PUBLIC, 80)]
    path, headers = server.asked[0]
    assert path == "/a.ics"
    assert headers["Host"] == "calendar.example"
    assert headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in headers


def test_fetch_takes_no_proxy_from_the_environment(names, monkeypatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    assert fetch(HERE, network=names.network) == ICS
    assert names.connected == [(PUBLIC, 80)]


def test_fetch_reads_webcal_as_https(names) -> None:
    place = place_of("webcal://calendar.example/a.ics?x=1&y=2#top")
    assert (place.scheme, place.port, place.path) == ("https", 443, "/a.ics?x=1&y=2")


# Where an address may lead


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.ics",
        "http://127.1/a.ics",
        "http://2130706433/a.ics",
        "http://0x7f.0.0.1/a.ics",
        "http://0177.0.0.1/a.ics",
        "http://⑫⑦.0.0.1/a.ics",
        "http://localhost/a.ics",
        "http://[::1]/a.ics",
        "http://[::]/a.ics",
        "http://0.0.0.0/a.ics",
        "http://[::ffff:127.0.0.1]/a.ics",
        "http://[64:ff9b::7f00:1]/a.ics",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://inside.example/a.ics",
        "webcal://inside.example/a.ics",
    ],
)
def test_fetch_connects_to_no_place_inside(names, address: str) -> None:
    assert refused(names, address) == ELSEWHERE
    assert names.connected == []


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.215.14", "64:ff9b::a00:1"),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1"),
        *("fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
    ],
)
def test_is_public_refuses(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", PUBLIC, "2606:4700::1111", "2a00:1450:4009::200e"])
def test_is_public_allows(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_private_address_of_a_name_refuses_them_all(names) -> None:
    names.names["calendar.example"] = [[PUBLIC, "10.0.0.7"]]
    assert refused(names) == ELSEWHERE
    assert names.connected == []


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1/", "http://inside.example/", "http://[::1]/", "//localhost/", "http://2130706433"],
)
def test_redirect_to_inside_is_refused(names, server, to: str) -> None:
    server.answers["/a.ics"] = redirect(to)
    assert refused(names) == ELSEWHERE
    assert names.connected == [(PUBLIC, 80)]
    assert len(server.asked) == 1


def test_rebinding_name_is_asked_once_and_its_first_answer_connected_to(names, server) -> None:
    """The classic: a public answer for the check, 127.0.0.1 for the connection."""
    names.names["calendar.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert fetch(HERE, network=names.network) == ICS
    assert names.resolved == ["calendar.example"]
    assert names.connected == [(PUBLIC, 80)]


def test_rebinding_name_is_looked_at_anew_at_a_redirect(names, server) -> None:
    names.names["calendar.example"] = [[PUBLIC], ["127.0.0.1"]]
    server.answers["/a.ics"] = redirect("/b.ics")
    server.answers["/b.ics"] = body()
    assert refused(names) == ELSEWHERE
    assert names.connected == [(PUBLIC, 80)]


def test_three_redirects_are_followed(names, server) -> None:
    for number in range(3):
        server.answers[f"/{number}"] = redirect(f"/{number + 1}", status=301 + number)
    server.answers["/3"] = body()
    assert fetch("http://calendar.example/0", network=names.network) == ICS


def test_redirect_loop_is_left(names, server) -> None:
    server.answers["/a.ics"] = redirect("/a.ics")
    assert refused(names) == "The address leads on and on to other addresses."
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("file:///etc/passwd", "The address has to begin with"),
        ("gopher://calendar.example/", "The address has to begin with"),
        ("http://calendar.example:22/", "An address with a port of its own"),
        ("http://a:b@calendar.example/", "Give an address without a user name"),
        ("http://[/", "The address leads on to something"),
        ("", "The address leads on, and does not say"),
    ],
)
def test_redirect_to_no_address_is_refused(names, server, to: str, words: str) -> None:
    server.answers["/a.ics"] = redirect(to)
    assert refused(names).startswith(words)
    assert len(names.connected) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "file:///etc/passwd",
        "ftp://calendar.example/a.ics",
        "http://",
        "http:///a.ics",
        "http://a:b@calendar.example/a.ics",
        "http://@calendar.example/",
        "http://calendar.example:8080/",
        "https://calendar.example:80/",
        "http://calendar.example:99999999999/",
        "http://calendar.example:x/",
        "http://calendar.example/\r\nHost: inside.example",
        "http://calendar.example/a b",
        "http://calendar\x00.example/",
        "http://\ud800/",
        "http://[::",
        f"http://{'a' * 64}.example/",
        f"http://calendar.example/{'a' * 2000}",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(names, address: str) -> None:
    refused(names, address)
    assert (names.resolved, names.connected) == ([], [])


def test_unknown_name_is_said(names) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(FetchError, match=r"^Nothing is known at this address"):
        fetch(HERE, network=fetching.Network(unknown, names.connect))


# Bounds


@pytest.mark.parametrize("says", [True, False])
def test_body_of_a_gigabyte_is_hung_up_on(names, server, says: bool) -> None:
    server.answers["/a.ics"] = endless(server, 1_000_000_000, says=says)
    assert refused(names) == "The calendar is larger than 5 MB, the most that Holdfast reads."
    wait_for(lambda: server.hung_up)
    # What the system's buffers hold is sent too, and read by nobody.
    assert server.sent < 25_000_000


def test_endless_headers_are_hung_up_on(names, server) -> None:
    def answer(handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            handler.wfile.write(b"X-%d: y\r\n" % number)

    server.answers["/a.ics"] = answer
    assert refused(names) == "The address could not be reached."


@pytest.mark.parametrize(
    "before",
    [
        b"",  # not even a status line
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/calendar\r\nContent-Length: 4000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
)
def test_slow_drip_is_cut_off(names, server, monkeypatch, before: bytes) -> None:
    """Each byte comes within a socket's timeout; the whole would take days."""
    monkeypatch.setattr(fetching, "ALL_SECONDS", 1.0)
    server.answers["/a.ics"] = dripping(server, before)
    assert refused(names) == "The address answers too slowly."
    wait_for(lambda: server.hung_up)
    assert server.sent < 200


def test_silence_is_cut_off(names, server, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "READ_SECONDS", 0.3)
    server.answers["/a.ics"] = lambda handler: time.sleep(2)
    assert refused(names) == "The address answers too slowly."


def test_gzip_bomb_is_refused_unopened(names, server) -> None:
    bomb = gzip.compress(b"\0" * 100_000_000)
    server.answers["/a.ics"] = body(bomb, Content_Encoding="gzip")
    assert refused(names) == "The calendar comes compressed, which Holdfast does not read."


def test_broken_off_body_is_refused(names, server) -> None:
    def answer(handler) -> None:
        body(ICS, Content_Length="5000")(handler)
        handler.close_connection = True

    server.answers["/a.ics"] = answer
    assert refused(names).startswith("The address")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (body(b"<html>", Content_Type="text/html; charset=utf-8"), "The address leads to a web page"),
        (body(b"", 401), "The address asks for a sign-in"),
        (body(b"", 403), "The address asks for a sign-in"),
        (body(b"", 404), "There is no calendar at this address"),
        (body(b"", 410), "There is no calendar at this address"),
        (body(b"", 503), "The address answers with an error (503)"),
        (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n"), "The address could not be reached"),
    ],
)
def test_what_is_not_a_calendar_is_said_in_words(names, server, answer, words: str) -> None:
    server.answers["/a.ics"] = answer
    assert refused(names).startswith(words)


def test_https_does_not_lead_to_http(names, server, trusted) -> None:
    server.answers["/a.ics"] = redirect("http://calendar.example/b.ics")
    with trusted(names, "calendar.example"):
        words = refused(names, "https://calendar.example/a.ics")
    assert words == "The address leads from a secure place to one that is not."


# Secure addresses: the name is asked for and proved, although the connection goes to a number


def test_https_asks_for_the_name_and_checks_it(names, trusted) -> None:
    with trusted(names, "calendar.example") as asked:
        assert fetch("https://calendar.example/a.ics", network=names.network) == ICS
    assert asked == ["calendar.example"]
    assert names.connected == [(PUBLIC, 443)]


def test_https_refuses_the_certificate_of_another_name(names, trusted) -> None:
    with trusted(names, "another.example"):
        words = refused(names, "https://calendar.example/a.ics")
    assert words.startswith("The address does not prove who it is")


def test_https_refuses_a_certificate_that_nobody_vouches_for(names, trusted, monkeypatch) -> None:
    with trusted(names, "calendar.example"):
        monkeypatch.delenv("SSL_CERT_FILE")
        words = refused(names, "https://calendar.example/a.ics")
    assert words.startswith("The address does not prove who it is")


def test_slow_drip_in_the_handshake_is_cut_off(server, names, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "ALL_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.port = listening.getsockname()[1]
        start(lambda: drip_to(listening))
        assert refused(names, "https://calendar.example/a.ics") == "The address answers too slowly."


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A door with TLS before the server, whose certificate this process trusts; gives the names asked for."""

    @contextmanager
    def door(names: Names, host: str):
        asked: list[str] = []
        certificate = make_certificate(tmp_path, host)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda sock, name, context: asked.append(name)
        connect = names.connect

        def connect_with_tls(address: str, port: int, seconds: float) -> socket.socket:
            ours, theirs = socket.socketpair()
            start(lambda: relay(context, theirs, connect(address, port, seconds)))
            ours.settimeout(seconds)
            return ours

        monkeypatch.setattr(names, "connect", connect_with_tls)
        yield asked

    return door


def make_certificate(folder, host: str):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    written = folder / "certificate.pem"
    written.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return written


def relay(context: ssl.SSLContext, outside: socket.socket, inside: socket.socket) -> None:
    """One request and its answer, through TLS."""
    with inside, outside:
        try:
            with context.wrap_socket(outside, server_side=True) as secure:
                inside.sendall(secure.recv(65_536))
                inside.shutdown(socket.SHUT_WR)
                while piece := inside.recv(65_536):
                    secure.sendall(piece)
        except OSError:
            return


def drip_to(listening: socket.socket) -> None:
    caller, _ = listening.accept()
    with caller:
        try:
            caller.sendall(b"\x16\x03\x03\x3f\xff")  # a record of the handshake that never ends
            while True:
                caller.sendall(b"\0")
                time.sleep(0.05)
        except OSError:
            return


def start(work) -> None:
    threading.Thread(target=work, daemon=True).start()


def wait_for(is_so) -> None:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert is_so()
