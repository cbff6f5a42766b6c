"""An organ as typed values: `organ.yaml` with its units and posts, and `incompatible.yaml`."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.power_list import vocabulary as words
from sidecar.power_list.parts import Level, Name, Part, PostRef, Rank, Region, Slug
from sidecar.power_list.values import Zh
from sidecar.power_list.values import one_of as _one_of

Matter = Annotated[str, *_one_of(words.MATTERS)]


class Unit(Part):
    id: Annotated[Slug, Zh("机构标识")]
    name: Annotated[Name, Zh("机构名称")]
    matters: Annotated[tuple[Matter, ...], Zh("职能")] = Field(default=(), strict=False)


class PostRotation(Part):
    """How long one person may hold a post: when a move is advised, when it must be made, whether a special audit starts the
    years anew where rotation is impossible, and whether whoever is over the term is refused or only found."""

    advise_years: Annotated[int | None, Field(ge=1, le=50), Zh("建议交流年限")] = None
    must_years: Annotated[int, Field(ge=1, le=50), Zh("必须交流年限")]
    compensating: Annotated[Literal["special_audit"] | None, Zh("替代措施")] = None
    over: Annotated[Literal["find", "refuse"], Zh("超期处理")] = "find"
    basis: Annotated[Name, Zh("依据")]


class Post(Part):
    """A post (岗位) of a unit. `confirmed: false` marks what an import wrote and no one has checked."""

    id: Annotated[Slug, Zh("岗位标识")]
    name: Annotated[Name, Zh("岗位名称")]
    unit: Annotated[Slug, Zh("所属机构")]
    rank: Annotated[Rank, Zh("职级")] = "handler"
    key_post: Annotated[bool, Zh("重点岗位")] = False
    activity: Annotated[Annotated[str, *_one_of(words.ACTIVITIES)] | None, Zh("经济活动")] = None
    rotation: Annotated[PostRotation | None, Zh("轮岗")] = None
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


class Charge(Part):
    """Which units a leader is directly in charge of (分管), and with which matters of theirs."""

    post: Annotated[PostRef, Zh("岗位")]
    units: Annotated[tuple[Name, ...], Zh("机构")] = Field(min_length=1, strict=False)
    matters: Annotated[tuple[Matter, ...], Zh("职能")] = Field(default=(), strict=False)


class PrincipalBar(Part):
    """The matters that the principal is not directly in charge of (五个不直接分管); local lists vary."""

    matters: Annotated[tuple[Matter, ...], Zh("职能")] = Field(min_length=1, strict=False)
    basis: Annotated[Name, Zh("依据")]


class OrganFile(Part):
    organ: Annotated[Organ, Zh("机关")]
    units: Annotated[tuple[Unit, ...], Zh("机构")] = Field(min_length=1, strict=False)
    posts: Annotated[tuple[Post, ...], Zh("岗位")] = Field(min_length=1, strict=False)
    charge: Annotated[tuple[Charge, ...], Zh("领导分工")] = Field(default=(), strict=False)
    principal_not_in_charge: Annotated[PrincipalBar | None, Zh("一把手不直接分管")] = None


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
