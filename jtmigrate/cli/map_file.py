"""The file that says which module of a port is which of the original."""

from pathlib import Path

from jtmigrate.errors import UserError


def read_map(path: Path) -> dict[str, str]:
    """Path in the port -> path in the original, from the table [modules] of a TOML file.

    Raises UserError if the file cannot be read or holds anything else.
    """
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is no TOML file: {error}") from error
    modules = content.get("modules")
    if not isinstance(modules, dict) or len(content) > 1 or not all(isinstance(own, str) for own in modules.values()):
        raise UserError(f'{path}: give a table [modules] with lines such as "body.stem" = "backbone.conv1", no more')
    return modules
