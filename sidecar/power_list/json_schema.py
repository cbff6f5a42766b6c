"""JSON Schemas of the language, for editors, generated from the models: English keys, and their Chinese labels beside them."""

from typing import Any

from pydantic import BaseModel

from sidecar.power_list.calendars import CalendarFile
from sidecar.power_list.load_keys import keys_of
from sidecar.power_list.model import PowersFile
from sidecar.power_list.organs import IncompatibleFile, OrganFile
from sidecar.power_list.profiles import ProfileFile

SCHEMAS: dict[str, type[BaseModel]] = {
    "organ": OrganFile,
    "powers": PowersFile,
    "incompatible": IncompatibleFile,
    "profile": ProfileFile,
    "calendar": CalendarFile,
}


def schema_of(name: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one kind of file. A Chinese key stands for its English one."""
    model = SCHEMAS[name]
    schema = model.model_json_schema(by_alias=True)
    blocks = {model.__name__: model, **_nested(model)}
    for title, block in blocks.items():
        definition = schema if title == model.__name__ else schema["$defs"][title]
        _accept_labels(definition, block)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _accept_labels(definition: dict[str, Any], block: type[BaseModel]) -> None:
    properties = definition.get("properties", {})
    labels = {key.name: key.label for key in keys_of(block).values() if key.label}
    for name, label in labels.items():
        properties.setdefault(label, properties[name])
    required = definition.pop("required", [])
    if required:
        definition["allOf"] = [{"anyOf": [{"required": [n]}, {"required": [labels[n]]}]} for n in required]


def _nested(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    for key in keys_of(model).values():
        if key.part and key.part.__name__ not in found:
            found |= {key.part.__name__: key.part, **_nested(key.part)}
    return found
