"""Which encoding a text has that is not Unicode."""

import tracemalloc

import pytest

from domain.contacts.decode import decode_file
from domain.contacts.encodings import guess_encoding
from domain.errors import InvalidCsv
from domain.requests.limits import MAX_FILE_BYTES


def table(*names: str) -> str:
    return "phone,name\n" + "".join(f"+1202555{row:04},{name}\n" for row, name in enumerate(names, start=100))


@pytest.mark.parametrize(
    "names",
    [
        ["Zoë"], ["Noël"], ["Jürgen Müller, Köln", "Anneliese Groß"], ["Éléonore Gâteau", "François Lefèvre"],
        ["José Peña Muñoz", "¿Quién?"], ["Åsa Öberg", "Håkan Sjöström"], ["João Gonçalves", "Conceição"],
        ["“call me” – now…", "it’s 5 €"], ["ÅÄÖ AB", "ÜBERSEE GMBH"], ["1º piso, 2ª puerta", "£5, ½ año"],
        [*["Anna Schmidt"] * 300, "Noël", "Zoë"],
    ],
)  # fmt: skip
def test_western_texts_are_never_taken_for_others(names: list[str]) -> None:
    assert guess_encoding(table(*names).encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp932", ["山田太郎", "サトウ ハナコ"]),
        ("cp932", ["山田太郎"]),
        ("cp932", ["佐藤 花子,東京都千代田区丸の内1-1", "SATO Hanako (佐藤)"]),
        ("euc_jp", ["山田太郎", "サトウ ハナコ"]),
        ("gb18030", ["王小明", "李娜 北京"]),
        ("big5", ["王小明", "陳美玲 臺北"]),
        ("cp949", ["김철수", "이영희 서울"]),
        ("cp1251", ["Иван"]),
        ("koi8_r", ["Иван Петров", "Мария Кузнецова"]),
        ("cp1253", ["Γιώργος Παπαδόπουλος", "Μαρία"]),
    ],
)
def test_other_scripts_are_known_by_their_letters(encoding: str, names: list[str]) -> None:
    assert guess_encoding(table(*names).encode(encoding)) == encoding


def test_a_few_bytes_are_no_evidence() -> None:
    assert guess_encoding(b"phone,name\n+12025550101,\x81\x8d\n") == "cp1252"


@pytest.mark.parametrize(
    ("encoding", "name", "read"),
    [("mac_roman", "Müller", "MŸller"), ("mac_roman", "André", "AndrŽ"), ("cp850", "Jäger", "J„ger")],
)
def test_letters_of_old_systems_are_shown_as_they_were_read_and_doubted(encoding: str, name: str, read: str) -> None:
    [warning] = decode_file(table("Anna", name, "Zoe").encode(encoding)).warnings
    assert "Windows-1252" in warning
    assert f'"{read}" in line 3; it may be Mac Roman or DOS' in warning


def test_letters_of_old_systems_that_cannot_be_read_are_refused_with_their_likely_encoding() -> None:
    with pytest.raises(InvalidCsv, match=r"cannot be decoded as text; it may be Mac Roman or DOS \(code page 850\)"):
        decode_file(table("Jürgen").encode("cp850"))


@pytest.mark.parametrize("part", [b"a\xe9", b"ab\xe9", b"\r\n", b"\xc3\xa9"], ids=ascii)
def test_ten_megabytes_of_any_letters_are_decoded_in_little_memory(part: bytes) -> None:
    content = part * (MAX_FILE_BYTES // len(part) - 10) + b"Zo\xeb"
    tracemalloc.start()
    try:
        decode_file(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 * 1024 * 1024


@pytest.mark.parametrize("name", ["Zoë", "Škoda", "LIŠKA", "it’s 5 €", "Mon–Fri", "Liška §5"])
def test_western_letters_are_shown_but_not_doubted(name: str) -> None:
    [warning] = decode_file(table(name).encode("cp1252")).warnings
    assert "in line 2" in warning
    assert "Mac Roman" not in warning
