"""An organ as typed values: `organ.yaml` with its units and posts, and `incompatible.yaml`."""

from typing import Annotated

from pydantic import Field

from sidecar.power_list import vocabulary as words
from sidecar.power_list.parts import Level, Name, Part, PostRef, Rank, Region, Slug
from sidecar.power_list.values import Zh
from sidecar.power_list.values import one_of as _one_of


class Unit(Part):
    id: Annotated[Slug, Zh("机构标识")]
    name: Annotated[Name, Zh("机构名称")]


class Post(Part):
    """A post (岗位) of a unit. `confirmed: false` marks what an import wrote and no one has checked."""

    id: Annotated[Slug, Zh("岗位标识")]
    name: Annotated[Name, Zh("岗位名称")]
    unit: Annotated[Slug, Zh("所属机构")]
    rank: Annotated[Rank, Zh("职级")] = "handler"
    key_post: Annotated[bool, Zh("重点岗位")] = False
    administers: Annotated[Annotated[str, *_one_of(words.ADMINISTRATIONS)] | None, Zh("管理员")] = None
    confirmed: Annotated[bool, Zh("已确认")] = True

    @property
    def full_id(self) -> str:
        return f"{self.unit}.{self.id}"


class Organ(Part):
    id: Annotated[Slug, Zh("机关标识")]
    name: Annotated[Name, Zh("机关名称")]
    uscc: Annotated[Name | None, Zh("统一社会信用代码")] = None
    level: Annotated[Level, Zh("层级")]
    region: Annotated[Region, Zh("行政区划")]


class OrganFile(Part):
    organ: Annotated[Organ, Zh("机关")]
    units: Annotated[tuple[Unit, ...], Zh("机构")] = Field(min_length=1, strict=False)
    posts: Annotated[tuple[Post, ...], Zh("岗位")] = Field(min_length=1, strict=False)


class KeyPostSteps(Part):
    at_most: Annotated[int, Field(ge=1, le=99), Zh("上限")]
    basis: Annotated[Name, Zh("依据")]


class Incompatible(Part):
    """Duties that one hand may not hold together (不相容岗位), named by posts, or by steps of the organ's items. One post that
    holds more of the steps is an error, so is one person with more of the posts, and in a case such a person is refused.
    """

    posts: Annotated[tuple[PostRef, ...], Zh("岗位")] = Field(default=(), strict=False)
    steps: Annotated[tuple[Slug, ...], Zh("环节")] = Field(default=(), strict=False)
    at_most: Annotated[int, Field(ge=1, le=99), Zh("至多兼任")] = 1
    reason: Annotated[Name, Zh("理由")]
    rule: Annotated[Name, Zh("规则")]
    basis: Annotated[Name, Zh("依据")]


class IncompatibleFile(Part):
    """Incompatible duties of one organ; `key_post_steps` is how many steps of one item a key post (重点岗位) may hold at most."""

    incompatible: Annotated[tuple[Incompatible, ...], Zh("不相容岗位")] = Field(default=(), strict=False)
    key_post_steps: Annotated[KeyPostSteps | None, Zh("重点岗位环节上限")] = None
