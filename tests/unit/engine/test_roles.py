"""Role graphs: what Casbin's role manager answers, and changes that touch only those concerned."""

from collections.abc import Sequence

from casbin.rbac import default_role_manager
from hypothesis import given
from hypothesis import strategies as st

from sidecar.decision.engine import read_engine, role_graph
from tests.unit.engine.test_traps import MODEL

NAMES = tuple("abcdefgh")
links = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(("east", "west"))), max_size=20)


@given(links)
def test_it_reaches_what_casbin_s_manager_reaches(given_links: Sequence[tuple[str, str, str]]) -> None:
    """For every pair of names in every domain, circles included."""
    graph, manager = role_graph(given_links), default_role_manager.DomainManager(10)
    for link in given_links:
        manager.add_link(*link)
    for user in (*NAMES, "stranger"):
        for role in (*NAMES, "stranger"):
            for domain in ("east", "west", ""):
                assert (role in graph.reach(user, domain)) == manager.has_link(user, role, domain)


@given(links, st.data())
def test_one_change_gives_the_graph_of_all_links(given_links: list[tuple[str, str, str]], data: st.DataObject) -> None:
    """Adding or ending one link is the same as building anew, and leaves the old graph as it was."""
    graph = role_graph(given_links)
    link = data.draw(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(("east", "west"))))
    added = graph.linked(*link)
    assert added.reaches == role_graph([*given_links, link]).reaches
    assert added.unlinked(*link).reaches == graph.reaches == role_graph(given_links).reaches


def test_an_engine_under_other_roles_shares_its_rows() -> None:
    """An appointment costs no reload: rows and index are the same objects, and the old engine answers as before."""
    engine = read_engine(MODEL, "p, head, data1, read, allow\ng, wang, head\n")
    other = engine.with_roles({"g": engine.roles["g"].linked("li", "head")})
    request = ("li", "data1", "read")
    assert (engine.match(request).allowed, other.match(request).allowed) == (False, True)
    assert other.section() is engine.section()
    assert other.with_roles({"g": other.roles["g"].unlinked("li", "head")}).match(request).allowed is False
