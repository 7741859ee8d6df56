"""Which encoding a text has that is not Unicode."""

import pytest

from domain.contacts.encodings import guess_encoding


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
