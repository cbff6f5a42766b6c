"""The keys of each block of the language: English name, Chinese label, the block below, whether it is enforced yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from sidecar.power_list.model import Later, Zh

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a block: its English name, its Chinese label, the block below it, and whether it is enforced."""

    name: str
    label: str
    part: type[BaseModel] | None
    later: bool


@lru_cache(maxsize=256)
def keys_of(model: type[BaseModel]) -> Mapping[str, Key]:
    """Every accepted spelling of a key of `model` → the key."""
    keys: dict[str, Key] = {}
    for name, info in model.model_fields.items():
        english = info.alias or name
        labels = [m.label for m in info.metadata if isinstance(m, Zh)]
        later = any(isinstance(m, Later) for m in info.metadata)
        key = Key(english, labels[0] if labels else "", _part_in(info.annotation), later)
        keys[english] = key
        for label in labels:
            keys[label] = key
    return keys


def _part_in(annotation: Any) -> type[BaseModel] | None:
    """The block nested in an annotation, through lists, options and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        return _part_in(get_args(annotation)[0])
    if origin in (tuple, list, Union, UnionType):
        for argument in get_args(annotation):
            found = _part_in(argument)
            if found:
                return found
    return None
