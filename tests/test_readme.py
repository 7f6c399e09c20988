"""Pages: commands, recipes, settings, scripts, links and layouts that they name are there, and their code runs."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import drawn_trees
import pytest
import readme_pages
import steps
import yaml

from lstm_zoo.config.catalogue import shipped_configs
from lstm_zoo.config.kinds import forget_plugins, use_plugin
from lstm_zoo.config.recipe import load
from lstm_zoo.data import DATA
from lstm_zoo.models import MODELS
from lstm_zoo.tasks import TASKS

ROOT = readme_pages.ROOT
PAGES = {readme_pages.name_of(page): page.read_text(encoding="utf-8") for page in readme_pages.pages()}
KINDS = {"models": MODELS, "data": DATA, "tasks": TASKS}
DATA_PAGE = "lstm_zoo/data/README.md"
CALLS = [
    pytest.param(words, id=shlex.join(words)[:80])
    for words in dict.fromkeys(
        tuple(words)
        for text in PAGES.values()
        for line in readme_pages.commands(text)
        for words in readme_pages.calls(line)
        if "..." not in words and "--help" not in words
    )
]
LAYOUTS = [
    pytest.param(
        tree.text, next(readme_pages.lines_of(after.text)), id=f"{number:02d} {drawn_trees.root_of(tree.text)}"
    )
    for number, (tree, after) in enumerate(
        zip(readme_pages.blocks(PAGES[DATA_PAGE]), readme_pages.blocks(PAGES[DATA_PAGE])[1:], strict=False)
    )
    if drawn_trees.root_of(tree.text)
]


def settings(words):
    """Return the recipe of a command, if it names one, and what is set in it."""
    options = {
        name: [after for before, after in zip(words, words[1:], strict=False) if before == name] for name in words
    }
    return next(iter(options.get("--config", [])), None), options.get("--set", [])


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """The files that pages show, a plugin and a recipe of its network, where commands run."""
    monkeypatch.chdir(tmp_path)
    for text in PAGES.values():
        for step in readme_pages.steps_of(text):
            if step.kind == "file":
                Path(step.name).write_text(step.text, encoding="utf-8")
    use_plugin(Path("my_zoo.py"))
    yield tmp_path
    forget_plugins()


def test_the_first_page_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 120


@pytest.mark.parametrize("room", KINDS)
def test_every_kind_is_named_in_the_page_of_its_room(room):
    page = PAGES[f"lstm_zoo/{room}/README.md"]
    kinds = [section.model_fields["kind"].default for section in KINDS[room]]
    assert [kind for kind in kinds if f"| `{kind}` |" not in page] == []


def test_every_layer_is_named():
    source = (ROOT / "lstm_zoo" / "layers" / "__init__.py").read_text(encoding="utf-8")
    names = ast.literal_eval(source.split("__all__ =")[1].strip())
    assert len(names) > 20 and [name for name in names if f"`{name}`" not in PAGES["lstm_zoo/layers/README.md"]] == []


def test_the_zoo_has_every_recipe():
    families = yaml.safe_load((ROOT / "configs" / "figures.yaml").read_text(encoding="utf-8"))
    recipes = [recipe for family in families for recipe in family["recipes"]]
    known = {name.removesuffix(".yaml") for name in shipped_configs() if not name.startswith(("smoke/", "my_"))}
    told = {name for name in known if f"({name}.yaml)" in PAGES["configs/README.md"]}
    assert told == known and {recipe["recipe"] for recipe in recipes} <= known
    for recipe in recipes:
        assert sum(key in recipe for key in ("ours", "shipped", "why")) == 1
        assert all(len(figures) <= len(recipe["ours"]) for figures in recipe.get("floors", {}).values())


@pytest.mark.parametrize("words", CALLS)
def test_commands_are_those_of_the_command_line(words):
    from typer.main import get_command

    from lstm_zoo import cli

    command, left, name = get_command(cli.app), list(words), "lstmzoo"
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, left)
        name, command, left = command.resolve_command(context, [*context._protected_args, *context.args])
    if left or not any(option.required for option in command.params):  # else the text names a command, and no more
        command.make_context(name, left)


@pytest.mark.parametrize("words", [one for one in CALLS if settings(one.values[0])[0]])
def test_recipes_and_settings_of_commands_are_there(words, own_files):
    """As a page has them, and as `scripts/try_readmes` runs them."""
    ((asked,),) = [readme_pages.calls(steps.small(shlex.join(["lstmzoo", *words]), own_files))]
    for name, changes in (settings(words), settings(asked)):
        if name != "NAME.yaml":  # any recipe
            load(name, changes)


def test_a_command_that_a_sentence_names_is_not_run():
    block = "```bash\nlstmzoo eval   # the newest run\n```"
    page = f"See `lstmzoo eval`, `lstmzoo data check`.\n\n{block}\n\n`lstmzoo list runs`"
    told = [(step.text, steps.why_not(step)) for step in readme_pages.steps_of(page)]
    assert told == [
        ("lstmzoo eval", "names a command"),
        ("lstmzoo data check", "names a command"),
        ("lstmzoo eval", ""),
        ("lstmzoo list runs", ""),
    ]


def test_trying_the_pages_leaves_the_package_alone(tmp_path):
    steps_of_all = [step for text in PAGES.values() for step in readme_pages.steps_of(text) if step.kind == "line"]
    ran = {steps.small(step.text, tmp_path) for step in steps_of_all if not steps.why_not(step)}
    assert any("scripts/make_shipped" in line for line in ran)
    assert [line for line in ran if re.search(r"scripts/(make_shipped|write_pages)(?!.*--check)|--write", line)] == []


def test_a_training_that_is_tried_is_compiled_by_workers_alone(tmp_path):
    train = "lstmzoo train --config moving_shapes_cnn_lstm.yaml"
    assert "jit_compile=false" in steps.small(train, tmp_path)
    assert "jit_compile" not in steps.small(f"{train} --workers 2", tmp_path)


def test_scripts_are_there():
    named = {script for text in PAGES.values() for script in re.findall(r"(?:bash|python) (scripts/\w+)", text)}
    assert len(named) > 5 and [script for script in sorted(named) if not (ROOT / script).exists()] == []


def test_extras_are_there():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {extra for text in PAGES.values() for extra in re.findall(r"pip install -e '\.\[(\w+)\]'", text)}
    assert len(named) > 4 and named <= set(extras)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_and_pictures_are_told(name):
    for link in readme_pages.links(PAGES[name]):
        if re.match(r"https?://", link.target):
            continue
        target, _, anchor = link.target.partition("#")
        place = ((ROOT / name).parent / target).resolve() if target else ROOT / name
        assert place.exists(), link
        if anchor:
            assert anchor in readme_pages.anchors(place.read_text(encoding="utf-8")), link
        assert not link.picture or len(link.text) > 60, f"{link}: what does it show?"


def test_every_page_can_be_reached_from_the_first_one():
    reached, left = set(), ["README.md"]
    while left:
        name = left.pop()
        if name in PAGES and name not in reached:
            reached.add(name)
            targets = [link.target.partition("#")[0] for link in readme_pages.links(PAGES[name])]
            left += [
                place.relative_to(ROOT).as_posix()
                for target in targets
                if (place := ((ROOT / name).parent / target).resolve()).is_relative_to(ROOT)
            ]
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize(("tree", "line"), LAYOUTS)
def test_layouts_are_read_as_the_page_says(tree, line, tmp_path, monkeypatch):
    folder = drawn_trees.make_tree(tree, tmp_path)
    monkeypatch.chdir(tmp_path)
    ((words),) = readme_pages.calls(line)
    config = load(*settings(words)).check()
    if not hasattr(config.data, "items"):
        return
    splits = config.data.items()
    assert splits["train"] and len(splits) > 1 and folder.name in line


@pytest.mark.parametrize("name", [name for name, text in PAGES.items() if "```python" in text])
def test_python_runs_as_written(name, own_files, monkeypatch, request):
    import lstm_zoo

    if "lstm_zoo.train(" in PAGES[name]:
        run = request.getfixturevalue("smoke_run").run
        monkeypatch.setattr(lstm_zoo, "train", lambda config: run, raising=False)
        monkeypatch.setattr(lstm_zoo.Trained, "predict", lambda network, files: [])
    for block in readme_pages.blocks(PAGES[name]):
        if block.language == "python" and "InferenceSession" not in block.text:  # see test_text_runs
            exec(block.text, {"__name__": "page"})
