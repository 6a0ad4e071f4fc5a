"""The settings of the Reprise that runs on this machine: what is set outside, completed by what `reprise up` chose."""

from cli.target import data_dir
from schemas.settings import Settings


def settings_here() -> Settings:
    """Settings as the parts under `reprise up` have them; where it never ran, those of the environment alone.

    Raises BadSettings for one that is wrong.
    """
    from embedded.directory import DataDirectory
    from embedded.environment import completed
    from embedded.state import read

    root = data_dir()
    directory = DataDirectory(root.absolute()) if root else None
    if directory is None or not directory.state.exists():
        return Settings.load()
    return completed(settings_for_up(), read(directory), directory)


def settings_for_up(**overrides: object) -> Settings:
    """The settings of `reprise up`: the cluster is simulated unless somebody says otherwise."""
    given = Settings.load(**overrides)
    return given if "cluster" in given.model_fields_set else given.model_copy(update={"cluster": "simulated"})
