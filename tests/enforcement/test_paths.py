"""A path is forwarded in one spelling only: what the system behind might read differently is refused and reaches nobody."""

import pytest

from tests.enforcement.chain import DO, OFFICER, Sidecar, System, call, counted, denying, proxy

UNPLAIN: dict[str, str | bytes] = {
    "dot segment": "/things/x/../T-1/do",
    "dot segment at the end": "/things/T-1/do/..",
    "single dot": "/things/./T-1/do",
    "single dot at the end": "/things/T-1/do/.",
    "encoded dots": "/things/x/%2e%2e/T-1/do",
    "encoded dots in capitals": "/things/x/%2E%2E/T-1/do",
    "half-encoded dots": "/things/x/.%2e/T-1/do",
    "encoded slash": "/things/T-1%2fdo",
    "encoded slash in capitals": "/things/T-1%2Fdo",
    "encoded backslash": "/things/T-1%5cdo",
    "encoded backslash in capitals": "/things/T-1%5Cdo",
    "backslash": "/things\\T-1\\do",
    "doubled slash at the start": "//things/T-1/do",
    "doubled slash inside": "/things//do",
    "doubled slash at the end": "/things/T-1/do//",
    "encoded NUL": "/things/T-1%00/do",
    "semicolon in a value": "/things/T-1;v=1/do",
    "semicolon at the end": "/things/T-1/do;jsessionid=1",
    "semicolon before a dot segment": "/things/..;/T-1/do",
    "overlong dot": "/things/%c0%ae%c0%ae/do",
    "no UTF-8": "/things/%ff/do",
    "no slash at the start": "*",
}

UNMAPPED = {
    "trailing slash": ("POST", "/things/T-1/do/"),
    "capital in a literal": ("POST", "/Things/T-1/do"),
    "capitals at the end": ("POST", "/things/T-1/DO"),
    "letter encoded twice": ("POST", "/things/T-1/%2564o"),
    "space at the end": ("POST", "/things/T-1/do%20"),
    "line feed at the end": ("POST", "/things/T-1/do%0a"),
    "encoded question mark": ("POST", "/things/T-1/do%3f"),
    "encoded number sign": ("POST", "/things/T-1/do%23"),
    "encoded semicolon": ("POST", "/things/T-1/do%3b"),
    "full-width letter": ("POST", "/things/T-1/%EF%BD%84o"),
    "extension": ("POST", "/things/T-1/do.json"),
    "longer than a route": ("POST", "/things/T-1/do/more"),
    "shorter than a route": ("POST", "/things"),
    "empty segment at the end": ("GET", "/things/"),
    "root": ("GET", "/"),
    "another method": ("PUT", DO),
    "GET for POST": ("GET", DO),
    "HEAD for GET": ("HEAD", "/things"),
    "OPTIONS": ("OPTIONS", DO),
    "TRACE": ("TRACE", DO),
    "a method nobody knows": ("PROPFIND", "/things"),
}

OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL")


@pytest.mark.parametrize("name", UNPLAIN)
def test_a_path_that_is_not_plain_is_refused_unasked(name: str) -> None:
    """400, neither a question to the sidecar nor a request to the system behind, and it is counted."""
    system, sidecar = System(), Sidecar()
    app = proxy(system, sidecar)
    answer = call(app, "POST", UNPLAIN[name], OFFICER, ("Accept", "application/json"))
    assert (answer.status, answer.json["code"]) == (400, "bad_path")
    assert (system.seen, sidecar.questions) == ([], [])
    assert counted(app) == {"malformed": 1}


@pytest.mark.parametrize(
    "thing", ["..", ".", "%2e%2e", "%2E.", "a%2fb", "a%5Cb", "a\\b", "/a", "a//", "a;b", "..;", "%00", "%ff"]
)
def test_a_trick_is_refused_on_routes_that_are_no_power_as_well(thing: str) -> None:
    """A route that anyone may read is no way in: the path is judged before the route is looked up."""
    system = System()
    app = proxy(system, Sidecar())
    assert call(app, "GET", f"/things/{thing}").status == 400
    assert system.seen == []
    assert call(app, "GET", "/things/a").status == 200


@pytest.mark.parametrize("name", UNMAPPED)
def test_an_unmapped_route_is_refused_and_counted(name: str) -> None:
    """403 UNMAPPED_ROUTE, nobody is asked, nothing is forwarded, and the metrics show it."""
    method, target = UNMAPPED[name]
    system, sidecar = System(), Sidecar()
    app = proxy(system, sidecar)
    answer = call(app, method, target, OFFICER, ("Accept", "application/json"))
    assert answer.status == 403
    assert method == "HEAD" or answer.json["code"] == "UNMAPPED_ROUTE"
    assert (system.seen, sidecar.questions) == ([], [])
    assert counted(app) == {"unmapped": 1}


@pytest.mark.parametrize("target", ["/things/T-1/%64o", "/%74hings/T%2d1/do"])
def test_encoded_letters_are_decided_as_what_they_say(target: str) -> None:
    """A letter in disguise is no way round the decision: the step it spells is asked about, and a refusal holds."""
    system, sidecar = System(), denying(code="NO_POWER")
    assert call(proxy(system, sidecar), "POST", target, OFFICER).status == 403
    assert [(q["action"]["name"], q["resource"]["id"]) for q in sidecar.questions] == [("do", "T-1")]
    assert system.seen == []


def test_the_plain_form_itself_is_forwarded() -> None:
    """What the tricks are variations of works, so each refusal above is for the trick."""
    system, sidecar = System(), Sidecar()
    assert call(proxy(system, sidecar), "POST", DO, OFFICER).status == 200
    assert [(seen.method, seen.path) for seen in system.seen] == [("POST", DO.encode())]


@pytest.mark.parametrize("name", OVERRIDES)
def test_override_headers_change_no_route(name: str) -> None:
    """A harmless route with another method or address in a header is still the harmless route; an unmapped one stays unmapped."""
    system, sidecar = System(), Sidecar()
    app = proxy(system, sidecar)
    override = (name, DO if "URL" in name else "POST")
    assert call(app, "GET", "/things/T-1", override).status == 200
    assert call(app, "GET", "/nowhere", override).status == 403
    assert [(seen.method, seen.path) for seen in system.seen] == [("GET", b"/things/T-1")]
    assert sidecar.questions == []


@pytest.mark.parametrize("name", [*OVERRIDES, *(name.replace("-", "_") for name in OVERRIDES)])
def test_override_headers_never_reach_the_system_behind(name: str) -> None:
    """Many frameworks obey these headers: forwarded, a free GET would be carried out as a POST that nobody decided."""
    system = System()
    call(proxy(system, Sidecar()), "GET", "/things/T-1", (name, DO if "URL" in name else "DELETE"))
    assert all(seen.values(name.lower()) == [] for seen in system.seen)
    assert len(system.seen) <= 1


@pytest.mark.parametrize(("client", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.7", 403)])
def test_own_pages_answer_this_machine_only(client: str, status: int) -> None:
    """Metrics and health are for loopback; for others the address is a route like any other, and unmapped."""
    app = proxy(System(), Sidecar())
    for page in ("metrics", "healthz"):
        assert call(app, "GET", f"/.quanheng/{page}", client=client).status == status


@pytest.mark.parametrize(
    "target", ["/.quanheng/../things/T-1/do", "/.quanheng/%2e%2e/things", "/.quanheng//things", "/.quanheng/"]
)
def test_own_pages_are_no_way_in(target: str) -> None:
    """What begins like an own page is never forwarded."""
    system, sidecar = System(), Sidecar()
    assert call(proxy(system, sidecar), "POST", target, OFFICER).status == 404
    assert (system.seen, sidecar.questions) == ([], [])
