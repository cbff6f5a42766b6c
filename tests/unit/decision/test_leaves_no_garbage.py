"""Nothing a decision makes refers to itself: it is gone when it is told, and does not wait for the garbage collector, which stops
every request while it looks for circles."""

import gc

from adapters.storage.policy_folder import SHIPPED, PolicyFolder
from sidecar.decision.decide import decide
from sidecar.expectations.reading import names_of, read_expectations
from sidecar.expectations.run import asked_of


def test_no_decision_leaves_a_circle() -> None:
    """Every shipped expectation, so every control."""
    files = PolicyFolder(SHIPPED)
    policy = files.snapshot()
    read = read_expectations(files.expectations(), names_of(policy.items, policy.posts))
    asked = [asked_of(expectation, policy) for expectation, _ in read.expectations]
    for one in asked:
        decide(policy, *one)
    gc.collect()
    gc.disable()
    try:
        for one in asked:
            decide(policy, *one)
            assert gc.collect(0) == 0, one.request
    finally:
        gc.enable()
