"""Fetching a calendar from an address that somebody has typed in, which may lead anywhere.

The server must not become a way into the network that it stands in. So a name is resolved once for each
request, every address that it has must be a public one, and the connection goes to the very address that
was looked at: a name that changes its answer changes nothing. Each redirect is looked at like the first
address. Neither proxies, nor cookies, nor compression take part. Bytes and seconds are bounded.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST_ADDRESS = 2000
LONGEST_HOST = 253  # RFC 1035, section 2.3.4
MOST_BYTES = 5_000_000
PIECE = 65_536
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
ALL_SECONDS = 20.0
REDIRECTS = 3
REDIRECT = frozenset({301, 302, 303, 307, 308})
KEPT = "/%:=&~+!$,;'@()*?"  # what an address may hold as it is; the rest is percent-encoded
AGENT = "Holdfast (reads when its users are busy)"

# Public by some registry, yet not places of the internet: protocol assignments, relays, the address of the
# Azure platform inside its machines, and what stands for an IPv4 address inside IPv6.
REFUSED_4 = tuple(IPv4Network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"))
UNICAST_6 = IPv6Network("2000::/3")  # outside it: mapped, translated (NAT64), local, multicast
REFUSED_6 = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


class FetchError(Exception):
    """The address was not read; the text is fit to show to whoever typed it in."""


Address = IPv4Address | IPv6Address


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True)
class Network:
    """How names become addresses and addresses connections. Tests lead both to a server of their own."""

    resolve: Callable[[str, int], Sequence[str]] = _resolve
    connect: Callable[[str, int, float], socket.socket] = _connect


INTERNET = Network()


@dataclass(frozen=True)
class Place:
    """An address taken apart."""

    scheme: str
    host: str  # as it goes into DNS, the Host header and the certificate's check
    path: str  # with its query

    @property
    def port(self) -> int:
        return PORTS[self.scheme]

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{self.path}"


def place_of(address: str) -> Place:
    """Take an address apart; webcal is read as https. Raises FetchError for what is never fetched."""
    address = address.strip()
    if len(address) > LONGEST_ADDRESS:
        raise FetchError("This address is too long.")
    if not address.isprintable() or " " in address:
        raise FetchError("An address has no spaces or line breaks.")
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:  # a bad port, bracket or name
        raise FetchError("This is not an address that can be read.") from error
    scheme = "https" if parts.scheme in ("webcal", "webcals") else parts.scheme
    if scheme not in PORTS:
        raise FetchError("The address has to begin with https:// (or http://, or webcal://).")
    if not 0 < len(host) <= LONGEST_HOST:
        raise FetchError("This is not an address that can be read.")
    if "@" in parts.netloc:
        raise FetchError("Give an address without a user name and a password in it.")
    if port not in (None, PORTS[scheme]):
        raise FetchError("An address with a port of its own is not read.")
    query = f"?{parts.query}" if parts.query else ""
    return Place(scheme, host, quote(f"{parts.path or '/'}{query}", safe=KEPT))


def is_public(address: Address) -> bool:
    """Whether an address is somewhere on the internet, and nowhere in the network around the server."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not _in_any(address, REFUSED_4)
    return address in UNICAST_6 and address.is_global and not _in_any(address, REFUSED_6)


def fetch(address: str, *, network: Network = INTERNET, most_bytes: int = MOST_BYTES) -> bytes:
    """What an address leads to, as bytes. Raises FetchError in words."""
    deadline = time.monotonic() + ALL_SECONDS
    place = place_of(address)
    for _ in range(REDIRECTS + 1):
        with _answer(place, network, deadline) as answer:
            if answer.status not in REDIRECT:
                _check(answer, most_bytes)
                return _body(answer, most_bytes, deadline)
            place = _next(place, answer)
    raise FetchError("The address leads on and on to other addresses.")


def _next(place: Place, answer: http.client.HTTPResponse) -> Place:
    target = answer.headers.get("Location", "")
    if not target:
        raise FetchError("The address leads on, and does not say where to.")
    # A header holds latin-1 at most; what is not an address is refused like one that was typed.
    try:
        onward = place_of(urljoin(place.url, target))
    except ValueError as error:
        raise FetchError("The address leads on to something that is not an address.") from error
    if (place.scheme, onward.scheme) == ("https", "http"):
        raise FetchError("The address leads from a secure place to one that is not.")
    return onward


@contextmanager
def _answer(place: Place, network: Network, deadline: float) -> Iterator[http.client.HTTPResponse]:
    """Ask for a place; what goes wrong while connecting, asking and reading is put into words here."""
    with _in_words(deadline):
        addresses = _addresses(place, network)
        sock = _connected(addresses, place, network, deadline)
        with sock, _cut_off(sock, deadline):
            if place.scheme == "https":
                sock = ssl.create_default_context().wrap_socket(sock, server_hostname=place.host)
            with sock:
                sock.settimeout(READ_SECONDS)
                connection = http.client.HTTPConnection(place.host, place.port)
                connection.sock = sock
                headers = {"Accept": "text/calendar", "Accept-Encoding": "identity", "User-Agent": AGENT}
                connection.request("GET", place.path, headers=headers | {"Connection": "close"})
                with connection.getresponse() as answer:
                    yield answer


@contextmanager
def _in_words(deadline: float) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise FetchError("The address does not prove who it is: its certificate is not valid.") from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= deadline:
            raise FetchError("The address answers too slowly.") from error
        raise FetchError("The address could not be reached.") from error


def _addresses(place: Place, network: Network) -> list[str]:
    """The addresses of a place, each looked at: one that is not public is enough to refuse them all."""
    try:
        found = network.resolve(place.host, place.port)
    except (OSError, UnicodeError) as error:
        raise FetchError("Nothing is known at this address.") from error
    if not found:
        raise FetchError("Nothing is known at this address.")
    for text in found:
        # A scope, as in fe80::1%eth0, belongs to addresses that are refused anyway.
        if not is_public(ip_address(text.partition("%")[0])):
            raise FetchError("The address leads to a place that Holdfast does not read from.")
    return list(found)


def _connected(addresses: Sequence[str], place: Place, network: Network, deadline: float) -> socket.socket:
    """A connection to the first of the addresses that takes one."""
    failure: OSError = TimeoutError()
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return network.connect(address, place.port, min(CONNECT_SECONDS, left))
        except OSError as error:
            failure = error
    raise failure


@contextmanager
def _cut_off(sock: socket.socket, deadline: float) -> Iterator[None]:
    """End the connection at the deadline, whatever it waits for: a socket's timeout begins anew with
    each byte that drips in. The copy stays usable when TLS takes the socket over."""
    copy = sock.dup()
    timer = threading.Timer(max(deadline - time.monotonic(), 0), _shut, [copy])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        copy.close()


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def _check(answer: http.client.HTTPResponse, most_bytes: int) -> None:
    if answer.status in (401, 403):
        raise FetchError("The address asks for a sign-in. Give the private one that needs none.")
    if answer.status in (404, 410):
        raise FetchError("There is no calendar at this address any more.")
    if answer.status != 200:
        raise FetchError(f"The address answers with an error ({answer.status}).")
    if answer.headers.get_content_type() == "text/html":
        raise FetchError("The address leads to a web page. Give the one that ends in .ics.")
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("The calendar comes compressed, which Holdfast does not read.")
    if answer.length is not None and answer.length > most_bytes:
        raise FetchError(_too_large(most_bytes))


def _body(answer: http.client.HTTPResponse, most_bytes: int, deadline: float) -> bytes:
    body = bytearray()
    while piece := answer.read1(PIECE):
        body += piece
        if len(body) > most_bytes:
            raise FetchError(_too_large(most_bytes))
        if time.monotonic() >= deadline:
            raise TimeoutError
    if time.monotonic() >= deadline or answer.length:
        raise TimeoutError  # cut off, by us or by the other side
    return bytes(body)


def _too_large(most_bytes: int) -> str:
    return f"The calendar is larger than {most_bytes // 1_000_000} MB, the most that Holdfast reads."


def _in_any(address: Address, networks: Sequence[IPv4Network] | Sequence[IPv6Network]) -> bool:
    return any(address in network for network in networks)
