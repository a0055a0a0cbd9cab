"""Settings: read from TOML, written back, complained about."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from grammar.errors import ConfigError
from kgqa.config import Config, SourceConfig, load_config, read_config, write_toml


def test_settings_round_trip() -> None:
    config = Config(source=(SourceConfig("plain", "a.jsonl", weight=2.0), SourceConfig("csqa", "b")))
    assert read_config(tomllib.loads(write_toml(config)), where="here") == config


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[training]\nepoch = 3", "epochs"),
        ("[training]\nepochs = 'three'", "expected int"),
        ("[trainin]", "training"),
        ("[[source]]\npath = 'x'", "dataset"),
        ("source = 3", "tables"),
        ("[training", "TOML"),
    ],
)
def test_a_bad_setting_is_named_with_what_was_meant(tmp_path: Path, toml: str, said: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(toml)
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_config(tmp_path / "none.toml")
