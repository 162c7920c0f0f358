"""Makes the certificates of the secure tests, again in each run.

The folder gets NAME.pem, the chain from the certificate up to below the authority, the same as NAME.crt, and NAME.key
in PKCS#8 form. Names below .test belong to no host (RFC 6761); tests/interop/secure/names.c resolves them.
"""

from __future__ import annotations

import pathlib
import shutil
from typing import Optional

from ..process import run
from ..report import logging_to

CONFIGURATION = """
[req]
distinguished_name = subject
prompt = no
[subject]
[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = index
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
copy_extensions = none
[any]
commonName = supplied
organizationName = optional
[of_authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[of_server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${ENV::NAMES}
[of_server_without_names]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth

[of_client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
"""

KEYS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["-algorithm", "ED25519"],
}
ORGANISATION = "/O=wspeer tests/CN="
ALWAYS = ("20200101000000Z", "20491231235959Z")
PAST = ("20200101000000Z", "20210101000000Z")
FUTURE = ("20480101000000Z", "20490101000000Z")


class Maker:
    """Makes keys and certificates in one folder."""

    def __init__(self, openssl: pathlib.Path, folder: pathlib.Path):
        self.openssl = openssl
        self.folder = folder
        # No settings of the machine.
        self.variables = {"OPENSSL_CONF": str(folder / "openssl.cnf"), "NAMES": "DNS:game.test"}
        (folder / "openssl.cnf").write_text(CONFIGURATION, encoding="utf-8")
        (folder / "index").touch()

    def call(self, *arguments: str) -> None:
        run([self.openssl, *arguments], cwd=self.folder, env=self.variables)

    def key(self, name: str, kind: str = "p256") -> None:
        self.call("genpkey", *KEYS[kind], "-out", f"{name}.key")

    def self_signed(self, name: str, subject: str, extensions: str) -> None:
        self.key(name)
        options = ["-subj", subject, "-extensions", extensions, "-days", "30", "-out", f"{name}.pem"]
        self.call("req", "-x509", "-new", "-key", f"{name}.key", *options)

    def signed(
        self,
        name: str,
        extensions: str,
        authority: str,
        *,
        kind: str = "p256",
        subject: Optional[str] = None,
        names: str = "DNS:game.test",
        dates: "tuple[str, str]" = ALWAYS,
    ) -> None:
        self.key(name, kind)
        self.variables["NAMES"] = names
        subject = subject or f"/CN={name}"
        self.call("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        # The only command of OpenSSL 3.0 that accepts both dates.
        files = [
            "-in",
            f"{name}.csr",
            "-out",
            f"{name}.pem",
            "-cert",
            f"{authority}.pem",
            "-keyfile",
            f"{authority}.key",
        ]
        period = ["-startdate", dates[0], "-enddate", dates[1]]
        self.call("ca", "-batch", "-notext", *files, "-extensions", extensions, *period)

    def append(self, name: str, other: str) -> None:
        with (self.folder / f"{name}.pem").open("ab") as chain:
            chain.write((self.folder / f"{other}.pem").read_bytes())

    def copy(self, name: str, other: str) -> None:
        for suffix in ("pem", "key"):
            shutil.copy(self.folder / f"{name}.{suffix}", self.folder / f"{other}.{suffix}")


def _make_servers(make: Maker) -> None:
    both = "DNS:game.test,DNS:localhost"
    for kind in KEYS:
        make.signed(kind, "of_server", "authority", kind=kind, subject=ORGANISATION + kind, names=both)
    make.call("rsa", "-in", "rsa.key", "-traditional", "-out", "rsa-pkcs1.key")
    make.call("ec", "-in", "p256.key", "-out", "p256-sec1.key")
    make.signed("chain", "of_server", "intermediate", subject=ORGANISATION + "chain", names=both)
    make.copy("chain", "without-intermediate")
    make.append("chain", "intermediate")

    make.signed("wildcard", "of_server", "authority", names="DNS:*.game.test")
    make.signed("ip", "of_server", "authority", names="IP:127.0.0.1,IP:::1")
    make.signed("other-ip", "of_server", "authority", names="IP:192.0.2.1")
    make.signed("other-name", "of_server", "authority", subject="/CN=game.test", names="DNS:other.test")
    # As the engine's Crypto makes them: the name in the subject only.
    make.self_signed("common-name", "/CN=game.test", "of_server_without_names")
    make.signed("expired", "of_server", "authority", dates=PAST, names=both)
    make.signed("future", "of_server", "authority", dates=FUTURE, names=both)
    make.signed("unknown", "of_server", "other-authority", names=both)
    make.variables["NAMES"] = both
    make.self_signed("self-signed", "/CN=self-signed", "of_server")
    # Signed by a certificate that is not an authority's.
    make.signed("by-no-authority", "of_server", "p256", names=both)
    make.append("by-no-authority", "p256")


def _make_clients(make: Maker) -> None:
    authority = "client-authority"
    make.signed("client", "of_client", authority, kind="ed25519", subject=ORGANISATION + "player")
    make.signed("client-rsa", "of_client", authority, kind="rsa", subject=ORGANISATION + "player with RSA")
    make.signed("client-unknown", "of_client", "other-authority", subject="/CN=stranger")
    make.signed("client-expired", "of_client", authority, subject="/CN=late", dates=PAST)
    make.signed("client-as-server", "of_server", authority, subject="/CN=server", names="DNS:game.test,DNS:localhost")
    make.self_signed("client-self-signed", "/CN=self-signed", "of_client")


def make_certificates(openssl: pathlib.Path, folder: pathlib.Path) -> None:
    """Makes all certificates; the output of openssl goes to a log beside them."""
    with logging_to(folder / "log"):
        make = Maker(openssl, folder)
        for name in ("authority", "other-authority", "client-authority"):
            make.self_signed(name, ORGANISATION + name, "of_authority")
        make.signed("intermediate", "of_authority", "authority", subject=ORGANISATION + "intermediate")
        _make_servers(make)
        _make_clients(make)
    # The engine recognises a certificate by this suffix.
    for path in sorted(folder.glob("*.pem")):
        shutil.copy(path, path.with_suffix(".crt"))
