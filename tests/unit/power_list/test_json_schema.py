"""The JSON Schemas for editors say what the loader says."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sidecar.power_list.json_schema import SCHEMAS, schema_of
from tests.e2e.processes import ROOT
from tests.samples import POWERS

FILES = [
    *(("profile", path) for path in sorted((ROOT / "policies" / "profiles").glob("*.yaml"))),
    ("organ", ROOT / "policies" / "binhe" / "organ.yaml"),
    ("powers", ROOT / "policies" / "binhe" / "powers.yaml"),
]


def plain(text: str) -> Any:
    """YAML as an editor sees it: dates are text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema(name: str) -> None:
    """Valid against the draft it names."""
    Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_shipped_files_are_valid(name: str, path: Any) -> None:
    """What the loader takes, an editor must not underline."""
    Draft202012Validator(schema_of(name)).validate(plain(path.read_text("utf-8")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("verb: review", "verb: revue"),
        ("power_class: licensing", "power_klass: licensing"),
        ('region: "650200"', 'region: "65020"'),
        ("min: 2", "min: 0"),
        ("posts: [reviewer]", "posts: []"),
    ],
)
def test_an_editor_underlines_what_the_loader_refuses(old: str, new: str) -> None:
    """Unknown keys, words, forms and bounds."""
    validator = Draft202012Validator(schema_of("powers"))
    assert validator.is_valid(plain(POWERS))
    assert not validator.is_valid(plain(POWERS.replace(old, new, 1)))


def test_chinese_keys_and_words_are_offered() -> None:
    """The Chinese label of a key or word is as valid as the English one."""
    text = POWERS.replace("power_class: licensing", "权力类型: 行政许可").replace("verb: review", "动作: 审查")
    assert Draft202012Validator(schema_of("powers")).is_valid(plain(text))
