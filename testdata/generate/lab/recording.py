"""What one endpoint of a connection recorded: the only source of the truth files."""
from dataclasses import dataclass, field


def official_version(name):
    """OpenSSL says TLSv1 where everyone else says TLSv1.0."""
    return "TLSv1.0" if name == "TLSv1" else name


@dataclass
class TlsFacts:
    mode: str  # starttls | wrapper
    established: bool = False
    version: str | None = None
    cipher: str | None = None
    ems: bool | None = None
    etm: bool | None = None
    resumed: bool = False
    cipher_id: int | None = None
    cipher_iana: str | None = None
    made_by: str | None = None
    made_by_client: str | None = None  # noted when both ends are compared
    more: dict = field(default_factory=dict)  # what only some captures have, as it goes into the truth


@dataclass
class Recording:
    client: str
    server: str
    source: str
    plain_c2s: bytes = b""
    plain_s2c: bytes = b""
    tls_c2s: bytes = b""
    tls_s2c: bytes = b""
    tls: TlsFacts | None = None
    # What something in between added behind the plain phase, by direction: no end said it, and neither took it.
    injected: dict = field(default_factory=dict)
    proxy: str | None = None  # PROXY header in words; its bytes are part of plain_c2s
    proxy_bytes: int = 0
    stored_mails: list = field(default_factory=list)  # as the server stored them

    @property
    def c2s(self):
        return self.plain_c2s + self.tls_c2s

    @property
    def s2c(self):
        return self.plain_s2c + self.tls_s2c


def address(pair):
    """("::1", 25, ...) -> "[::1]:25"."""
    host, port = pair[0], pair[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
