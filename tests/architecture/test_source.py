"""Rules that a look at the source decides: names, sizes, what may be imported, and how."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_LINES = 400
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers"}
THIRD_PARTY = {
    "hal": {"msgspec"},
    "central/domain": set(),
    "bench/judge.py": {"cryptography"},
}


def _imports(tree: ast.AST) -> Iterator[str]:
    """The top names of all absolute imports, wherever they stand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _dynamic(tree: ast.AST) -> Iterator[int]:
    """The lines where a module is imported by a name that only running shows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names} if node.module == "importlib" else set()
        elif isinstance(node, ast.Attribute):
            names = {node.attr}
        elif isinstance(node, ast.Name):
            names = {node.id}
        else:
            continue
        if names & {"import_module", "__import__"}:
            yield node.lineno


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_only_the_registry_imports_by_name(root: Path, sources: list[Path]) -> None:
    """importlib.import_module and __import__ appear in drivers/registry.py and nowhere else."""
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in sources
        if path != root / "drivers" / "registry.py"
        for line in _dynamic(_parse(path))
    ]
    assert found == []


def test_dynamic_imports_are_recognised() -> None:
    """The walk above sees all four ways to write one, and nothing in an ordinary import."""
    ways = [
        "import importlib\nimportlib.import_module('x')",
        "from importlib import import_module",
        "import importlib as i\nf = i.import_module",
        "__import__('x')",
    ]
    assert [len(list(_dynamic(ast.parse(way)))) for way in ways] == [1, 1, 1, 1]
    assert list(_dynamic(ast.parse("import importlib.metadata\nfrom a import b"))) == []


def test_third_parties(root: Path, sources: list[Path]) -> None:
    """Where only certain third parties are allowed, no module imports another one."""
    stray = [
        (str(path.relative_to(root)), name)
        for part, allowed in THIRD_PARTY.items()
        for path in sources
        if path.is_relative_to(root / part)
        for name in _imports(_parse(path))
        if name not in allowed | set(sys.stdlib_module_names) | {part.split("/")[0]}
    ]
    assert stray == []


def test_nothing_imports_tests(root: Path, sources: list[Path]) -> None:
    """No package imports from the tests."""
    assert [str(path) for path in sources if "tests" in set(_imports(_parse(path)))] == []


def test_init_files_are_empty(root: Path, sources: list[Path]) -> None:
    """Only hal/events/__init__.py says anything; a package's folder is all it is."""
    speaking = [
        str(path.relative_to(root))
        for path in sources
        if path.name == "__init__.py" and path.read_text("utf-8").strip()
    ]
    assert speaking == ["hal/events/__init__.py"]


def test_tests_are_no_packages(root: Path) -> None:
    """No folder of tests has an __init__.py: same-named tests live side by side."""
    assert [str(path) for path in (root / "tests").rglob("__init__.py")] == []


def test_names_say_something(root: Path, sources: list[Path]) -> None:
    """No module or folder is called utils, helpers, manager, nor ends in such a word."""
    vague = [
        str(path.relative_to(root))
        for path in sources
        for part in path.relative_to(root).with_suffix("").parts
        if FORBIDDEN_NAMES & set(part.split("_"))
    ]
    assert vague == []


def test_modules_are_short(root: Path, sources: list[Path]) -> None:
    """No Python file, test or program, has more than 400 lines."""
    counted = {
        str(path.relative_to(root)): len(path.read_text("utf-8").splitlines())
        for path in [*sources, *(root / "tests").rglob("*.py")]
    }
    assert {name: lines for name, lines in counted.items() if lines > MOST_LINES} == {}


def test_tests_promise_something(root: Path) -> None:
    """Every test says in its docstring what it promises."""
    silent = [
        f"{path.relative_to(root)}::{node.name}"
        for path in (root / "tests").rglob("test_*.py")
        for node in ast.walk(_parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
