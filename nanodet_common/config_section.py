"""What every part of a configuration is made of."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping of the YAML file: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())
