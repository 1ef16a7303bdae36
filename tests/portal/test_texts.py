"""The texts of the service's pages: each in both languages, each one that is used there."""

from __future__ import annotations

import re

from biotheca.submissions.model import FileState, State
from local.laptop import PROJECT

MODULES = PROJECT / "portal" / "modules"
LINE = re.compile(r'^  (?:"([^"]+)"|(\w+)): \["(.*)", "(.*)"\],$', re.M)


def texts() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(MODULES.glob("texts*.js")):
        for quoted, plain, en, zh in LINE.findall(path.read_text()):
            key = quoted or plain
            assert key not in found, f"{key} stands twice"
            found[key] = (en, zh)
    return found


def test_every_text_is_there_in_english_and_chinese_with_the_same_places() -> None:
    assert len(texts()) > 250
    for key, (en, zh) in texts().items():
        assert en.strip() and zh.strip(), key
        assert set(re.findall(r"{(\w+)", en)) == set(re.findall(r"{(\w+)", zh)), key
        assert re.search(r"[\u4e00-\u9fff]", zh) or en == zh, f"{key}: {zh}"


def test_every_text_that_a_module_asks_for_is_there() -> None:
    known = texts()
    asked: dict[str, str] = {}
    for module in MODULES.glob("*.js"):
        source = module.read_text()
        asked |= {key: module.name for key in re.findall(r'\bt\(\s*"([^"]+)"', source)}
        # t(`todo.${state}`): at least one text begins so
        asked |= {begin + "*": module.name for begin in re.findall(r"\bt\(`([a-z_.]+)\$\{", source)}
    assert len(asked) > 150
    for key, module in asked.items():
        there = any(k.startswith(key[:-1]) for k in known) if key.endswith("*") else key in known
        assert there, f"{module} asks for {key}"


def test_every_state_of_a_submission_and_of_a_file_has_words_and_something_to_do() -> None:
    known = texts()
    for state in State:
        assert f"state.{state}" in known and f"todo.{state}" in known
    for state in FileState:
        assert f"file.{state}" in known
