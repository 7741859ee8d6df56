"""Each check of the documents finds the fault that is planted, and nothing in the same text without it."""

from pathlib import Path

import pytest

from docs.checks import commands, links, metric_names, setting_names
from docs.checks.__main__ import main
from docs.checks.texts import Fault

METRICS = 'LAG = Histogram("outdial_lag_seconds", "…")\nDIALS = Counter("outdial_dials", "…")\n'
PAGE = """# Calls

## Set up

## Set up

See [above](#set-up), [again](#set-up-1), [there](other.md#calls "title"), `[not](a-link)` and <https://example.com>.

    [neither](is-this)
"""


def planted(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        file = root / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def sentences(faults: list[Fault]) -> list[str]:
    return [str(fault) for fault in faults]


def test_links_that_lead_somewhere_pass(tmp_path: Path) -> None:
    planted(tmp_path, docs__page_md=PAGE.replace("    [neither](is-this)", ""), docs__other_md="# Calls\n")
    assert list(links.find(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a](missing.md)", "docs/page.md:1: missing.md: there is no such file"),
        ("\n[a](#set-up-2)", "docs/page.md:2: #set-up-2: there is no such heading"),
        ("[a](other.md#call)", "docs/page.md:1: other.md#call: there is no such heading"),
        ("[a][b]\n\n[b]: missing.md", "docs/page.md:3: missing.md: there is no such file"),
        ('<img src="missing.png">', "docs/page.md:1: missing.png: there is no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, text: str, said: str) -> None:
    planted(tmp_path, docs__page_md=f"{text}\n\n# Set up\n\n## Set up\n", docs__other_md="# Calls\n")
    assert sentences(list(links.find(tmp_path))) == [said]


def test_a_heading_that_code_names_is_looked_for(tmp_path: Path) -> None:
    planted(tmp_path, docs__other_md="# Calls\n", api__page_py='SEE = "docs/other.md#calls, docs/other.md#gone"\n')
    assert sentences(list(links.find(tmp_path))) == ["api/page.py:1: docs/other.md#gone: there is no such heading"]


@pytest.mark.parametrize("file", ["docs__page_md", "docker-compose_yml", "deploy__systemd__a_service", "_env_example"])
@pytest.mark.parametrize(
    "name", ["OUTDIAL_DATABASE_ULR", "OUTDIAL_TWILIO_TOKEN", "TEMPORAL_ADRESS", "OUTDIAL_KEY_FLIE"]
)
def test_a_setting_that_nothing_reads_is_found(tmp_path: Path, file: str, name: str) -> None:
    known = "OUTDIAL_DATABASE_URL_FILE OUTDIAL_URL OUTDIAL_SIMULATOR_SPEED TEMPORAL_TLS OUTDIAL_TWILIO_…"
    planted(tmp_path, **{file: f"{known}\n{name}=1\n"})
    (fault,) = setting_names.find(tmp_path)
    assert (fault.line, fault.sentence) == (2, f"{name} is read by nothing")


def test_what_compose_substitutes_is_known_where_it_does(tmp_path: Path) -> None:
    planted(tmp_path, _env_example="OUTDIAL_MY_PORTS=1\n")
    assert len(list(setting_names.find(tmp_path))) == 1
    other = planted(tmp_path / "other", _env_example="OUTDIAL_MY_PORTS=1\n", docker_compose_yml="")
    (other / "docker-compose.yml").write_text("ports: ['${OUTDIAL_MY_PORTS:-1}:8000']\n")
    assert list(setting_names.find(other)) == []


@pytest.mark.parametrize("file", ["docs__page_md", "deploy__prometheus__alerts_yml", "deploy__grafana__calls_json"])
@pytest.mark.parametrize("name", ["outdial_lag_seconds", "outdial_dials", "outdial_dails_total"])
def test_a_metric_that_nothing_counts_is_found(tmp_path: Path, file: str, name: str) -> None:
    known = "outdial_lag_seconds_bucket outdial_dials_total outdial_call_id tests/outdial_page.py"
    planted(tmp_path, telemetry__metrics_py=METRICS, **{file: f"{known}\nrate({name}[5m])\n"})
    (fault,) = metric_names.find(tmp_path)
    assert (fault.line, fault.sentence) == (2, f"no process has a metric {name}")


@pytest.mark.parametrize(
    "written",
    [
        "up",
        "submit contacts.csv --window 9-20 --watch",
        "agent create ORG NAME ADDRESS --audio websocket|sip|twiml",
        "number close|open ID",
        "show batch_…",
        "cancel ID [--hang-up]",
        "--help",
        'org create "Example Ltd" --limit 5 --credits 100',
    ],
)
def test_a_command_that_can_be_typed_passes(written: str) -> None:
    assert list(commands.judge(written)) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("sumbit contacts.csv", "`outdial` has no command sumbit"),
        ("number close|shut ID", "`outdial number` has no command shut"),
        ("cancel ID [--hangup]", "`outdial cancel` has no option --hangup"),
        ("agent create ORG NAME ADDRESS --audio webrtc", "--audio takes no webrtc"),
        ("cancel ID --hang-up --soon", "`outdial cancel` has no option --soon"),
    ],
)
@pytest.mark.parametrize("shown", ["`outdial {}`", "    outdial {}", "```sh\ncd x && .venv/bin/outdial {} > file\n```"])
def test_a_command_that_cannot_be_typed_is_found(tmp_path: Path, shown: str, written: str, said: str) -> None:
    planted(tmp_path, docs__page_md=shown.format(written) + "\n")
    assert [fault.sentence for fault in commands.find(tmp_path)] == [said]


def test_tables_leave_out_what_their_head_says(tmp_path: Path) -> None:
    commands_table = "| `outdial` | |\n|---|---|\n| `up`, `webhook list`, `show`, `replya` | |\n"
    group_table = "| `outdial profile` | |\n|---|---|\n| `set NAME`, `forget NAME` | |\n"
    planted(tmp_path, docs__page_md=f"{commands_table}\n{group_table}")
    assert sentences(list(commands.find(tmp_path))) == [
        "docs/page.md:3: `outdial` has no command replya",
        "docs/page.md:7: `outdial profile` has no command forget",
    ]


def test_messages_of_the_code_name_commands_too(tmp_path: Path) -> None:
    planted(tmp_path, api__page_py='"""Run `outdial migrate`, then `outdial imgrate`."""\n')
    assert sentences(list(commands.find(tmp_path))) == ["api/page.py:1: `outdial` has no command imgrate"]


def test_flags_and_targets_without_their_command_are_known(tmp_path: Path) -> None:
    planted(tmp_path, Makefile="test:\n", README_md="`make test`, `make tests`\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / commands.OWN_PAGE).write_text("`--delays 10,60` `--delay 10`\n")
    assert [fault.sentence for fault in commands.find(tmp_path)] == [
        "no command has an option --delay",
        "no `make tests`",
    ]


def test_a_fault_ends_the_command_with_1_and_names_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(planted(tmp_path, page_md="`outdial up`\n")) == 0
    assert main(planted(tmp_path / "other", page_md="[a](b.md) `outdial down`\n")) == 1
    assert capsys.readouterr().err.splitlines() == [
        "page.md:1: b.md: there is no such file",
        "page.md:1: `outdial` has no command down",
    ]
