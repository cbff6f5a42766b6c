"""The keys of each block of the language: English name, Chinese label, the block below, whether it is enforced yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from sidecar.power_list.values import Zh

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a block: its English name, its Chinese label, the block below it, and whether it is enforced. With `named`,
    names of the writer's own stand between the key and the blocks below it (`officers: {甲: {posts: …}}`).
    """

    name: str
    label: str
    part: type[BaseModel] | None
    named: bool


@dataclass(frozen=True, slots=True)
class Named:
    """What stands below a `named` key: any names, each with a block of this kind."""

    part: type[BaseModel]


Block = type[BaseModel] | Named


def key_in(block: Block | None, text: str) -> tuple[str, Block | None]:
    """The English name of a key as it is written in a block, and the block below it."""
    if isinstance(block, Named):
        return text, block.part
    key = keys_of(block).get(text) if block else None
    if key is None:
        return text, None
    return key.name, Named(key.part) if key.named and key.part else key.part


@lru_cache(maxsize=256)
def keys_of(model: type[BaseModel]) -> Mapping[str, Key]:
    """Every accepted spelling of a key of `model` → the key."""
    keys: dict[str, Key] = {}
    for name, info in model.model_fields.items():
        english = info.alias or name
        labels = [m.label for m in info.metadata if isinstance(m, Zh)]
        named = get_origin(info.annotation) is dict
        key = Key(english, labels[0] if labels else "", _part_in(info.annotation), named)
        keys[english] = key
        for label in labels:
            keys[label] = key
    return keys


def _part_in(annotation: Any) -> type[BaseModel] | None:
    """The block nested in an annotation, through lists, names, options and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        return _part_in(get_args(annotation)[0])
    if origin in (tuple, list, dict, Union, UnionType):
        for argument in get_args(annotation):
            found = _part_in(argument)
            if found:
                return found
    return None
