"""The keys of one cluster: an authority, the API server's certificates, a token for each part.

Made anew for every cluster and gone with it. Parts show tokens, which need no renewal here; certificates serve
where nothing else does: the API server's own, and the one by which it speaks to the kubelet.
"""

import datetime
import ipaddress
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID = datetime.timedelta(days=365)
EARLY = datetime.timedelta(hours=1)

USERS = {
    "admin": ("textmill-admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
    "kubelet": ("system:node:{node}", "system:nodes"),
    "coredns": ("coredns", "system:masters"),  # it must start before rights could be given
}
"""Who each part is to the API server: its user, and its group."""


@dataclass(frozen=True)
class Authority:
    """Signs certificates for one cluster."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls) -> "Authority":
        """Make a key and let it vouch for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("textmill cluster authority")
        made = _builder(name, name, key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = {name: name in {"digital_signature", "key_cert_sign", "crl_sign"} for name in _USAGES}
        made = made.add_extension(x509.KeyUsage(**usage), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return cls(key, made.sign(key, hashes.SHA256()))

    def issue(self, path: Path, user: str, *, group: str = "", names: Iterable[str] = ()) -> None:
        """Write PATH.crt and PATH.key for a user, as a server too where names are given."""
        key = ec.generate_private_key(ec.SECP256R1())
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
        made = _builder(_name(user, group), self.certificate.subject, key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(issuer, critical=False)
        if names:
            made = made.add_extension(
                x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
            )
        private(path.with_suffix(".crt"), _pem(made.sign(self.key, hashes.SHA256())))
        private(path.with_suffix(".key"), _key(key))


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def make(folder: Path, *, names: Iterable[str], node: str = "node") -> dict[str, str]:
    """Write everything into a folder, and return the token of each part."""
    folder.mkdir(mode=0o700, parents=True)
    authority = Authority.new()
    private(folder / "ca.crt", _pem(authority.certificate))
    authority.issue(folder / "apiserver", "kube-apiserver", names=tuple(names))
    authority.issue(folder / "kubelet-client", "kube-apiserver-kubelet-client", group="system:masters")
    account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private(folder / "accounts.key", _key(account))
    form, encoding = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.PEM
    private(folder / "accounts.pub", account.public_key().public_bytes(encoding, form))
    tokens = {part: secrets.token_hex(24) for part in USERS}
    lines = []
    for part, (user, group) in USERS.items():
        name = user.format(node=node)
        lines.append(f'{tokens[part]},{name},{name},"{group}"\n')
    private(folder / "tokens.csv", "".join(lines).encode())
    return tokens


def kubeconfig(path: Path, server: str, authority: Path, token: str) -> None:
    """Write a kubeconfig with the authority's file by its path."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "textmill", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": "textmill", "user": {"token": token}}],
        "contexts": [{"name": "textmill", "context": {"cluster": "textmill", "user": "textmill"}}],
        "current-context": "textmill",
    }
    private(path, json.dumps(config, indent=2).encode())


def private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLY)
        .not_valid_after(now + VALID)
    )


def _name(user: str, group: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())
