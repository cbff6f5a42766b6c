"""A small approval application for food licences: accept, review, site check, decide, issue.

It stands for any system that was there before: it knows nothing of Quanheng, asks nobody, and believes whoever comes. Run it with
`uvicorn app:app --app-dir docs/examples/food_licence --port 8182` and put `quanheng proxy` in front of it.
"""

from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

app = FastAPI(title="Food licences 食品经营许可办理")

# case → its sheet; in memory, because the example is about what stands in front of it
_cases: dict[str, dict[str, Any]] = {}

Officer = Annotated[str, Header(alias="X-Officer")]


class Application(BaseModel):
    """What the applicant hands in at the window."""

    applicant: str = Field(max_length=100)
    only_prepackaged_food: bool
    edible_farm_produce: bool


class Result(BaseModel):
    result: str = Field(default="grant", pattern="^(grant|refuse)$")
    reason: str = ""


@app.get("/licences")
def overview() -> dict[str, Any]:
    return {"cases": sorted(_cases)}


@app.get("/licences/{case}")
def sheet(case: str) -> dict[str, Any]:
    return _sheet(case)


@app.post("/licences/{case}/accept", status_code=201)
def accept(case: str, application: Application, officer: Officer) -> dict[str, Any]:
    if case in _cases:
        raise HTTPException(409, "the case exists already")
    _cases[case] = {"case": case, "applicant": application.applicant, "done": []}
    return _note(case, "accept", officer)


@app.post("/licences/{case}/review")
def review(case: str, officer: Officer) -> dict[str, Any]:
    return _note(case, "review", officer)


@app.post("/licences/{case}/site-check/co-sign")
def co_sign(case: str, officer: Officer) -> dict[str, Any]:
    return _note(case, "site check co-signed", officer)


@app.post("/licences/{case}/site-check")
def site_check(case: str, officer: Officer) -> dict[str, Any]:
    return _note(case, "site check", officer)


@app.post("/licences/{case}/decide")
def decide(case: str, result: Result, officer: Officer) -> dict[str, Any]:
    return _note(case, f"decide: {result.result}", officer)


@app.post("/licences/{case}/issue")
def issue(case: str, officer: Officer) -> dict[str, Any]:
    return _note(case, "issue", officer)


def _sheet(case: str) -> dict[str, Any]:
    if case not in _cases:
        raise HTTPException(404, "no such case")
    return _cases[case]


def _note(case: str, act: str, officer: str) -> dict[str, Any]:
    sheet = _sheet(case)
    sheet["done"].append({"act": act, "officer": officer})
    return sheet
