"""Where a control plane lies and listens, and the files it begins with."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from embedded.ports import HOST, choose

_AUDITED = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}


@dataclass(frozen=True)
class Layout:
    """One control plane; all of its files are in `directory`."""

    directory: Path
    api_port: int = field(default_factory=choose)
    etcd_port: int = field(default_factory=choose)
    token: str = field(default_factory=secrets.token_hex, repr=False)

    @property
    def kubeconfig(self) -> Path:
        """Of its admin."""
        return self.directory / "kubeconfig"

    @property
    def url(self) -> str:
        """The API server."""
        return f"https://{HOST}:{self.api_port}"

    @property
    def etcd_url(self) -> str:
        """The database of the API server."""
        return f"http://{HOST}:{self.etcd_port}"

    @property
    def certificate(self) -> Path:
        """What the API server is known by; it makes it when it starts."""
        return self.directory / "certificates" / "apiserver.crt"

    @property
    def keys(self) -> tuple[Path, Path]:
        """What tokens of service accounts are signed with, and verified with."""
        return self.directory / "tokens.key", self.directory / "tokens.pub"

    @property
    def users(self) -> Path:
        """The tokens that are known from the beginning."""
        return self.directory / "users.csv"

    @property
    def audit_policy(self) -> Path:
        """What the API server writes down of each request: who asked for what, and not what was said."""
        return self.directory / "audit.yaml"

    @property
    def audit_log(self) -> Path:
        """One request a line, as JSON."""
        return self.directory / "audit.log"

    def write(self) -> None:
        """Make every file that has to be there before the first part starts."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.audit_policy.write_text(yaml.safe_dump(_AUDITED))
        self.users.write_text(f'{self.token},admin,admin,"system:masters"\n')
        self._write_keys()
        self.kubeconfig.write_text(yaml.safe_dump(self.configuration(self.token)))
        self.kubeconfig.chmod(0o600)

    def configuration(self, token: str, namespace: str = "default") -> dict[str, object]:
        """A kubeconfig of whoever has this token."""
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        context = {"cluster": "tests", "user": "tests", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }

    def _write_keys(self) -> None:
        private, public = self.keys
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
