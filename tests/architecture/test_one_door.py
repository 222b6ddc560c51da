"""One gateway: every order passes it, in every mode, whoever wants it.

The source itself is read: a list of names to block would drift away from what the code can do.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "config", "db", "engine", "llm", "main")
GATEWAY = "engine/execution/gateway.py"
PAPER = "engine/execution/paper.py"


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the project by its path."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


TREES = dict(sources())


def users(name: str) -> set[str]:
    """Modules with a call of a method ``name`` on something that is called a broker."""
    found = set()
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr == name and "broker" in ast.unparse(node.func.value):  # type: ignore[attr-defined]  # is_call says so
                found.add(path)
    return found


def makers(name: str) -> set[str]:
    """Modules that call ``name(...)``."""
    return {
        path
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
    }


def mentions(path: str, text: str) -> bool:
    return text in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("method", ["submit", "cancel", "amend_stop", "lookup"])
def test_only_the_gateway_speaks_to_a_broker(method: str) -> None:
    assert users(method) == {GATEWAY}


def test_the_gateway_and_the_venue_are_built_in_one_place() -> None:
    assert makers("OrderGateway") == {"main/assembly.py"}
    assert makers("PaperBroker") == {"main/assembly.py"}


def test_only_authorise_lets_an_order_be_submitted() -> None:
    tree = TREES[GATEWAY]
    (gateway,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "OrderGateway"]
    assigned = {
        function.name
        for function in gateway.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and "SUBMITTING" in ast.unparse(node.value)
    }
    assert assigned == {"authorise"}


def test_only_the_gateway_and_its_records_write_fills_ledger_and_positions() -> None:
    for method in ("add_fill", "add_trade", "drop_position"):
        assert makers(method) == {GATEWAY}
    posts = {GATEWAY, "main/assembly.py"}  # the start money
    assert makers("post") - {"main/bench/chat_service.py"} == posts  # there it reads a request
    assert makers("put_position") == {GATEWAY, "engine/desk/scan.py"}  # it counts bars held


def test_the_paper_venues_purse_is_moved_by_the_venue_alone() -> None:
    assert makers("set_balance") == {PAPER, "main/assembly.py"}


def test_no_rule_asks_whether_it_is_live() -> None:
    """The mode is which venue, clock and market were built."""
    below = [path for path in TREES if path.startswith(("engine/execution", "engine/strategy"))]
    assert below
    for path in below:
        assert not mentions(path, "Mode."), path
        assert not mentions(path, "dry_run"), path
