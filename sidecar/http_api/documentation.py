"""`/docs`: the OpenAPI description as a page a person can read. No script and no outside host, for it is read on intranets."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Schema = Mapping[str, Any]

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"}

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem } code, pre { font-family: ui-monospace, monospace }
pre { background: #f4f4f4; padding: 1rem; overflow-x: auto } table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #ddd; padding: .3rem .8rem .3rem 0; vertical-align: top } td:first-child { white-space: nowrap }
"""


def page_of(description: Schema) -> str:
    """The page of an OpenAPI document."""
    info, paths = description["info"], description["paths"]
    operations = [(f"{method.upper()} {path}", op) for path, methods in paths.items() for method, op in methods.items()]
    components = description.get("components", {})
    schemas, errors = components.get("schemas", {}), components.get("responses", {})
    body = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        '<p>The same for programs: <a href="openapi.json">openapi.json</a></p>',
        _list_of(name for name, _ in operations),
        *(_operation(name, operation, errors) for name, operation in operations),
        *(_schema(name, schema) for name, schema in sorted(schemas.items())),
    ]
    head = f'<meta charset="utf-8"><title>{escape(info["title"])}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def _list_of(names: Iterable[str]) -> str:
    return "<ul>" + "".join(f'<li><a href="#{_anchor(name)}"><code>{escape(name)}</code></a></li>' for name in names) + "</ul>"


def _operation(name: str, operation: Schema, errors: Schema) -> str:
    parts = [f'<h2 id="{_anchor(name)}"><code>{escape(name)}</code></h2>']
    parts.append(f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>")
    parts.append(_table("Parameters", [_parameter(parameter) for parameter in operation.get("parameters", [])]))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        parts += [f"<h3>Body</h3><p><code>{escape(kind)}</code>: {_type(schema)}</p>", _table("", _members(schema))]
        parts += [_example(example) for example in content.get("examples", {}).values()]
    answers = [(status, _resolved(answer, errors)) for status, answer in operation.get("responses", {}).items()]
    parts.append(_table("Answers", [(status, escape(answer.get("description", ""))) for status, answer in answers]))
    return "\n".join(filter(None, parts))


def _resolved(answer: Schema, errors: Schema) -> Schema:
    found: Schema = errors[answer["$ref"].rsplit("/", 1)[-1]] if "$ref" in answer else answer
    return found


def _example(example: Schema) -> str:
    shown = escape(json.dumps(example["value"], ensure_ascii=False, indent=2))
    return f"<p>{escape(example['summary'])}</p><pre>{shown}</pre>"


def _parameter(parameter: Schema) -> tuple[str, str]:
    told = [f"in {escape(parameter['in'])}", _type(parameter.get("schema", {})), "required" if parameter.get("required") else ""]
    return parameter["name"], ", ".join(filter(None, told))


def _schema(name: str, schema: Schema) -> str:
    about = f"<p>{escape(schema['description'])}</p>" if "description" in schema else ""
    return f'<h2 id="{_anchor(name)}">{escape(name)}</h2>{about}{_table("", _members(schema))}'


def _members(schema: Schema) -> list[tuple[str, str]]:
    required = schema.get("required", [])
    members = schema.get("properties", {}).items()
    return [(key, f"{_type(value)}, required" if key in required else _type(value)) for key, value in members]


def _table(heading: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(f"<tr><td><code>{escape(name)}</code></td><td>{told}</td></tr>" for name, told in rows)
    return (f"<h3>{heading}</h3>" if heading else "") + f"<table>{lines}</table>"


_BOUNDS = {"minimum": "from", "maximum": "to", "maxLength": "characters at most", "pattern": "like", "default": "default"}


def _type(schema: Schema) -> str:
    """The type of a value in words, with a link where it has a section of its own."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f'<a href="#{_anchor(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    told = [escape(" | ".join(schema["enum"])) if "enum" in schema else escape(str(schema.get("type", "anything")))]
    told += [
        f"{words} <code>{escape(json.dumps(schema[key]))}</code>" for key, words in _BOUNDS.items() if schema.get(key, "") != ""
    ]
    return " ".join(told)


def _anchor(name: str) -> str:
    return escape(name.replace(" ", "-").replace("/", "-").strip("-"), quote=True)
