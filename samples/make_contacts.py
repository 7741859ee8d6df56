"""Make `contacts.csv`: 1,000 rows for the demo, always the same. `python samples/make_contacts.py`

Every valid number is from a range that its country set aside for fiction, so nobody can be called by mistake:
NANPA (555-01xx), Ofcom, ACMA, ARCEP, Bundesnetzagentur and PTS publish theirs. Nobody in it exists.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

ROWS = 1_000
HEADER = ["phone", "name", "company", "country", "language", "plan"]
PLANS = ["Basic", "Plus", "Family"]

# Country, language, share of the rows, prefixes, digits that follow them, first of them that is used.
# The last two digits 00 to 08 of +1 NXX 555 01xx make the simulator follow a script; the rest is drawn by its seed.
NORTH_AMERICA = [
    ("US", "en", 42, [202, 206, 212, 213, 214, 215, 303, 305, 312, 313, 404, 415, 503, 512, 602, 617, 702, 713]),
    ("CA", "en", 8, [403, 416, 514, 604, 613]),
    ("DO", "es", 2, [809]),
    ("JM", "en", 2, [876]),
]
ELSEWHERE = [
    ("GB", "en", 20, [f"+44{area}4960" for area in (113, 114, 116, 117, 121, 131, 141)] + ["+442079460"], 3),
    ("DE", "de", 9, ["+493023125", "+496990009", "+494066969"], 3),
    ("FR", "fr", 8, ["+3319900", "+3326191", "+3335301", "+3346571", "+3353649"], 4),
    ("AU", "en", 6, ["+6125550", "+6127010", "+6135550", "+6137010"], 4),
    ("SE", "sv", 3, ["+46846500", "+463139006"], 2),
]
SCRIPTED = [f"+1201555010{digit}" for digit in (0, 1, 2, 3, 4, 5, 6, 8)]
BAD_ROWS = {  # row of the file: its phone column
    40: "2125550142",  # no +
    97: "+1 (212) 555-0143",  # written for people
    181: "4.42079E+11",  # what a spreadsheet makes of a number
    266: "call reception",
    333: "+44207946",  # too short
    404: "",
    487: "+1999555014",
    561: "00442079460958",  # a dialing prefix instead of +
    640: "+49 30 23125 117",
    718: "#N/A",
    822: "+12125550144;ext=7",
}
DUPLICATES = {150: 12, 512: 300, 905: 640 - 1}  # row: the earlier row whose number it repeats
QUOTED_ROW = 75  # a number that a spreadsheet was made to keep as text
BLANK_AFTER_ROW = 600


def numbers(chance: Random) -> Iterator[tuple[str, str, str]]:
    """Number, country and language, without end of any one country before the others."""
    pools = [_shuffled(chance, pool) for pool in _pools()]
    weights = [weight for _, weight, _ in _pools()]
    while True:
        (pool,) = chance.choices(pools, weights)
        if pool:
            yield pool.pop()


def _pools() -> list[tuple[str, int, list[tuple[str, str, str]]]]:
    pools = []
    for country, language, weight, areas in NORTH_AMERICA:
        found = [(f"+1{area}55501{line:02d}", country, language) for area in areas for line in range(9, 100)]
        pools.append((country, weight, found))
    for country, language, weight, prefixes, digits in ELSEWHERE:
        lines = range(min(10**digits, 1_000))
        found = [(f"{prefix}{line:0{digits}d}", country, language) for prefix in prefixes for line in lines]
        pools.append((country, weight, found))
    return pools


def _shuffled(chance: Random, pool: tuple[str, int, list[tuple[str, str, str]]]) -> list[tuple[str, str, str]]:
    return chance.sample(pool[2], len(pool[2]))


def rows() -> Iterator[list[str]]:
    chance = Random(2026)  # noqa: S311 - a sample, no secret
    source = numbers(chance)
    scripted = iter(SCRIPTED)
    phones: dict[int, str] = {}
    for row in range(2, ROWS + 2):
        number, country, language = next(source)
        if row % 120 == 0 and (given := next(scripted, None)):
            number, country, language = given, "US", "en"
        phones[row] = BAD_ROWS.get(row, phones.get(DUPLICATES.get(row, 0), number))
        phone = f"'{phones[row]}" if row == QUOTED_ROW else phones[row]
        company = f"Company {chance.randrange(1, 61):02d}"
        yield [phone, f"Customer {row - 1:04d}", company, country, language, chance.choice(PLANS)]
        if row == BLANK_AFTER_ROW:
            yield []


def main() -> None:
    with (Path(__file__).parent / "contacts.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
