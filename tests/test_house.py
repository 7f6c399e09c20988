"""The layout of the package: arrows between rooms run downwards, and no two modules need each other."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "lstm_zoo"
FLOORS = (
    {"lstm_zoo"},
    {"__main__"},
    {"cli", "trained", "beside_keras"},
    {"bench"},
    {"cluster", "publishing"},
    {"exporting", "training"},
    {"runs"},
    {"reporting", "streaming"},
    {"config"},
    {"data", "models", "tasks"},
    {"media", "layers"},
    {"disk"},
    {"contracts"},
    {"console"},
)
"""Rooms from the top down; those on one floor do not see each other."""
DATA_FLOORS = (
    {"data"},
    {"anomalies"},
    {"frames"},
    {"videos", "captions", "labels", "lines"},
    {"pictures"},
    {"pipeline"},
)


def modules() -> dict[str, Path]:
    files = {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): file for name, file in files.items()}


def imports(name: str, file: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules of the package that one imports: inside functions and for types as well."""
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            found.update(one if (one := f"{module}.{alias.name}") in known else module for alias in node.names)
    return {one for one in found if one in known and one != name}


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imports(name, file, known) for name, file in known.items()}


def floor(module: str, floors, depth: int) -> int:
    parts = module.split(".")
    room = parts[depth] if len(parts) > depth else parts[depth - 1]
    return next(number for number, rooms in enumerate(floors) if room in rooms)


def upwards(arrows: dict[str, set[str]], floors, depth: int) -> list[str]:
    """Return the arrows that do not run down from their room to a lower floor."""
    inside = {name for name in arrows if depth == 1 or name.startswith("lstm_zoo.data")}
    return [
        f"{name} -> {other}"
        for name in sorted(inside)
        for other in sorted(arrows[name] & inside)
        if name.split(".")[depth : depth + 1] != other.split(".")[depth : depth + 1]
        and floor(name, floors, depth) >= floor(other, floors, depth)
    ]


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """Return the modules that reach themselves."""

    def reached(name: str) -> set[str]:
        seen, left = set(), [*arrows[name]]
        while left:
            if (one := left.pop()) not in seen:
                seen.add(one)
                left += arrows[one]
        return seen

    return [name for name in sorted(arrows) if name in reached(name)]


def test_every_room_has_a_floor():
    rooms = {name.split(".")[1] for name in modules() if "." in name}
    assert rooms == set().union(*FLOORS[1:])


def test_arrows_between_rooms_run_downwards():
    arrows = graph()
    assert upwards(arrows, FLOORS, 1) == []
    assert upwards(arrows, DATA_FLOORS, 2) == []


def test_no_two_modules_need_each_other():
    assert circles(graph()) == []


def test_an_arrow_upwards_and_a_circle_would_be_found():
    arrows = {"lstm_zoo.cli": {"lstm_zoo.runs"}, "lstm_zoo.runs": {"lstm_zoo.cli", "lstm_zoo.config"}}
    arrows["lstm_zoo.config"] = set()
    assert upwards(arrows, FLOORS, 1) == ["lstm_zoo.runs -> lstm_zoo.cli"]
    assert circles(arrows) == ["lstm_zoo.cli", "lstm_zoo.runs"]
    sideways = {"lstm_zoo.models.x": {"lstm_zoo.tasks.y"}, "lstm_zoo.tasks.y": set()}
    assert upwards(sideways, FLOORS, 1) == ["lstm_zoo.models.x -> lstm_zoo.tasks.y"]
