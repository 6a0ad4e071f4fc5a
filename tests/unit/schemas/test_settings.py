"""A wrong setting: one sentence that names the variable and says what to write instead."""

import pytest

from cli.app import main
from schemas.errors import BadSettings
from schemas.settings import Settings


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("REPRISE_PATH_PREFIX", "reprise/", "must begin with '/' and not end with it, like /reprise"),
        ("REPRISE_PORT", "high", "must be a whole number"),
        ("REPRISE_PORT", "99999", "must be at most 65535"),
        ("REPRISE_BATCH_SIZE", "0", "must be at least 1"),
        ("REPRISE_RESYNC_EVERY", "0", "must be more than 0"),
        ("REPRISE_DEPLOY_TIMEOUT", "soon", "'soon' is no span of time; write it like 90s, 15m, 24h or 7d"),
        ("REPRISE_CLUSTER", "docker", "must be one of 'simulated' or 'kubernetes'"),
        ("REPRISE_NAMESPACE", "A_b", "must be at most 63 lower case letters, digits and '-', and begin and end with"),
        ("REPRISE_DATABASE_URL", "mysql://root@db/x", "is no address of a PostgreSQL; write it like postgresql://"),
    ],
)
def test_it_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings) as raised:
        Settings.load()
    assert str(raised.value).startswith(f"{variable}: {sentence}")


@pytest.mark.parametrize("command", ["up", "demo", "serve", "migrate"])
def test_it_stops_the_start_with_exit_code_2_before_anything_is_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setenv("REPRISE_BATCH_SIZE", "many")
    assert main([command]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "REPRISE_BATCH_SIZE: must be a whole number\n")


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_real_cluster_must_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.delenv("REPRISE_KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert main([command, "--cluster", "kubernetes"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("REPRISE_KUBECONFIG: is missing; set it (")
    assert said.err.count("\n") == 1
