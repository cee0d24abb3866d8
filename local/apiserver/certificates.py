"""The server's own TLS: an authority and a server certificate, made once and kept with the state.

TLS is not a choice here: clients built on client-go (kubectl, helm) send a token over TLS only. The authority's key
is thrown away after its one signature, so the file in the kubeconfig vouches for this server alone. Clients since
Python 3.13 check strictly: each certificate carries the extensions that RFC 5280 wants.
"""

import datetime
import ipaddress
import pathlib
import ssl
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .kubeconfig import write_private

VALID = datetime.timedelta(days=3_650)
EARLY = datetime.timedelta(hours=1)
RENEW = datetime.timedelta(days=30)
SIGNING = dict.fromkeys(
    ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)


def tls(folder: pathlib.Path, names: Iterable[str]) -> tuple[ssl.SSLContext, str]:
    """The server's context, and the authority that clients are to trust (PEM)."""
    wanted = sorted({name.strip("[]") for name in names})
    authority, server = folder / "ca.crt", folder / "server.pem"
    if not _fits(server, authority, wanted):
        _make(authority, server, wanted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server)
    return context, authority.read_text()


def _fits(server: pathlib.Path, authority: pathlib.Path, wanted: list[str]) -> bool:
    """Whether there is a certificate for just these names that lasts a while."""
    if not (server.exists() and authority.exists()):
        return False
    found = x509.load_pem_x509_certificate(server.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    texts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    lasts = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > RENEW
    return lasts and sorted(texts) == wanted


def _make(authority: pathlib.Path, server: pathlib.Path, names: list[str]) -> None:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, name = _name("local API server authority"), _name("local API server")
    root_id = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root = (
        _builder(root_name, root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **SIGNING), critical=True
        )
        .add_extension(root_id, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    certificate = (
        _builder(name, root_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **SIGNING), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(text) for text in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, private, serialization.NoEncryption())
    write_private(authority, root.public_bytes(encoding).decode())
    write_private(server, (certificate.public_bytes(encoding) + secret).decode())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    start = datetime.datetime.now(datetime.UTC) - EARLY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
