"""`reprise audit key`: the key that signs exports and checkpoints."""

from cli.apps import new_app

app = new_app()


@app.callback()
def key() -> None:
    """Make the key that signs exports and checkpoints, or print what its signatures are checked with."""


@app.command()
def new() -> None:
    """Print a new private key, for REPRISE_AUDIT_SIGNING_KEY of the parts api and lifecycle."""
    from persistence.signing import new_key

    print(new_key())


@app.command()
def public() -> None:
    """Print the public keys, newest first: of the signing key that is set here, else of the Reprise that answers."""
    from cli.local import settings_here
    from cli.session import connected
    from persistence.signing import Signer

    signer = Signer.of(settings_here())
    found = signer.public if signer is not None else connected().get("/api/audit/signing-keys")["public_keys"]
    print("\n".join(found))
