"""Write the files of this folder that no editor would keep as they are: `python tests/files/make_files.py`.

What is to come out of them stands beside each, in NAME.expected.json, written by hand.
"""

import datetime as dt
import gzip
import io
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HERE = Path(__file__).parent
A, B, C = "+12025550101", "+12025550102", "+12025550103"
JAPANESE = f"phone,氏名,住所\r\n{A},山田太郎,東京都千代田区丸の内\r\n{B},ソニア・ポッター,大阪府大阪市北区\r\n"
NAMES = f"phone,name\n{A},Zoë Müller\n{B},Łukasz Żółć\n"

TEXTS: dict[str, tuple[str, str]] = {  # the text and its encoding
    "plain": (f"phone,name,plan\n{A},Ada,basic\n{B},Bob,pro\n", "utf-8"),
    "utf8-bom": (NAMES, "utf-8-sig"),
    "utf16-le-no-bom": (NAMES, "utf-16-le"),
    "utf16-be-no-bom": (NAMES, "utf-16-be"),
    "utf16-le-bom": ("\ufeff" + NAMES, "utf-16-le"),
    "utf16-be-bom": ("\ufeff" + NAMES, "utf-16-be"),
    "utf16-le-japanese-no-bom": (JAPANESE, "utf-16-le"),
    "utf32-le-bom": ("\ufeff" + NAMES, "utf-32-le"),
    "utf16-half-a-character": ("\ufeff" + NAMES, "utf-16-le"),  # cut below
    "cp1252": (f"phone,name,price\n{A},Zoë Müller,5 €\n{B},Françoise Lefèvre,7 €\n", "cp1252"),
    "cp1252-typographic": (f"phone,note\n{A},“call me” – now…\n{B},it’s fine\n", "cp1252"),
    "cp1250": (f"phone,name\n{A},Łukasz Żółć\n{B},Grażyna Wiśniewska\n", "cp1250"),
    "cp1251": (f"phone,name\n{A},Иван Петров\n{B},Мария Кузнецова\n", "cp1251"),
    "koi8-r": (f"phone,name\n{A},Иван Петров\n{B},Мария Кузнецова\n", "koi8_r"),
    "cp1253": (f"phone,name\n{A},Γιώργος Παπαδόπουλος\n{B},Μαρία Νικολάου\n", "cp1253"),
    "shift-jis": (JAPANESE, "cp932"),
    "shift-jis-half-width": (f"phone,name\n{A},ｻﾄｳ ﾊﾅｺ\n{B},ｽｽﾞｷ ｲﾁﾛｳ\n", "cp932"),
    "euc-jp": (JAPANESE, "euc_jp"),
    "gb18030": (f"phone,姓名,城市\n{A},王小明,北京市\n{B},李娜,上海市浦东新区\n", "gb18030"),
    "big5": (f"phone,name\n{A},王小明 臺北市\n{B},陳美玲 高雄市\n", "big5"),
    "cp949": (f"phone,이름\n{A},김철수\n{B},이영희 서울특별시\n", "cp949"),
    "semicolons": (f"name;phone;city\nAda;{A};Köln, Deutz\nBob;{B};Bonn\n", "utf-8"),
    "semicolons-decimal-commas": (f"phone;amount,net;rate\n{A};1,50;0,5\n{B};2,75;0,25\n", "utf-8"),
    "tabs": (f"phone\tname\tnote\n{A}\tAda\ta, b; c\n{B}\tBob\t\n", "utf-8"),
    "pipes": (f"phone|name\n{A}|Ada, Countess\n{B}|Bob; Jr.\n", "utf-8"),
    "sep-hint": (f"sep=;\r\nphone;name\r\n{A};Ada\r\n1;Bob\r\n", "utf-8"),
    "quotes": (
        f'"phone","name","note"\n"{A}","Ada ""the first"" L.","a, b"\n"{B}","Bob","two\nlines"\n"{C}","",""\n',
        "utf-8",
    ),
    "quote-never-closed": (f'phone,name\n{A},"Ada\n{B},Bob\n', "utf-8"),
    "quote-then-text": (f'phone,name\n{A},"Ada" L.\n{B},Bob\n', "utf-8"),
    "quote-inside-a-word": (f'phone,size\n{A},12" wide\n{B},7"\n', "utf-8"),
    "curly-quotes-do-not-quote": (f"phone,name\n{A},“Ada, Countess”\n{B},Bob\n", "utf-8"),
    "crlf": (f"phone,name\r\n{A},Ada\r\n\r\n{B},Bob\r\n", "utf-8"),
    "cr": (f"phone,name\r{A},Ada\r\r{B},Bob\r", "utf-8"),
    "mixed-line-ends": (f"phone,name\r\n{A},Ada\n{B},Bob\r{C},Cy", "utf-8"),
    "other-line-separators": (f"phone,note\n{A},one\u2028two\x85three\x0bfour\x0cfive\n{B},x\n", "utf-8"),
    "nul-in-a-cell": (f"phone,name\n{A},A\0da\n", "utf-8"),
    "nul-padding": (f"phone,name\n{A},Ada\n" + "\0" * 64, "utf-8"),
    "control-characters": (f"phone,note\n{A},a\x01b\x1bc\n", "utf-8"),
    "ragged": (f"phone,name,city\n{A}\n{B},Bob,Bonn,x\n{C},Cy,Köln,,\n,,\n", "utf-8"),
    "delimiters-at-the-end": (f"phone,name,\n{A},Ada,\n{B},Bob,\n", "utf-8"),
    "unquoted-comma-in-a-name": (f"phone,name\n{A},Lovelace, Ada\n{B},Bob\n", "utf-8"),
    "doubled-header": (f"phone,city,city\n{A},Bonn,Köln\n", "utf-8"),
    "doubled-phone-header": (f"phone,name,Phone\n{A},Ada,{B}\n", "utf-8"),
    "header-twice-in-the-file": (f"phone,name\n{A},Ada\nphone,name\n{B},Bob\n", "utf-8"),
    "columns-without-names": (f"phone,,city,\n{A},x,Bonn,y\n", "utf-8"),
    "header-in-capitals-with-spaces": (f" PHONE ,\u00a0Name\u00a0, City\n{A},Ada,Bonn\n", "utf-8"),
    "header-is-data": (f"{A},Ada\n{B},Bob\n", "utf-8"),
    "title-above-the-header": (f"Customers 2026\nphone,name\n{A},Ada\n", "utf-8"),
    "no-phone-column": (f"telephone,name\n{A},Ada\n", "utf-8"),
    "phone-column-named": (f"telephone,name\n{A},Ada\n0012025550102,Bob\n", "utf-8"),
    "excel-scientific": ('phone,name\n1.20256E+10,Ada\n"1,20256E+10",Bob\n' + f"{C},Cy\n", "utf-8"),
    "excel-decimals": (f"phone,name\n12025550101.0,Ada\n12025550102.00,Bob\n{C},Cy\n", "utf-8"),
    "excel-lost-plus": (f"phone,name\n12025550101,Ada\n{B},Bob\n", "utf-8"),
    "excel-apostrophes": (f"phone,name\n'{A},Ada\n''{B},Bob\n", "utf-8"),
    "excel-text-formula": (f'phone,name\n"=""{A}""",Ada\n="{B}",Bob\n{C},Cy\n', "utf-8"),
    "excel-error-values": (f"phone,name\n#N/A,Ada\n#########,Bob\n{C},#REF!\n", "utf-8"),
    "formulas": (f'phone,a,b,c,d\n{A},=1+1,+49,-3.5,@SUM(A1)\n{B},"=HYPERLINK(""http://x"")",+,-,@\n', "utf-8"),
    "right-to-left-marks": (f"phone,name\n\u202a{A}\u202c,Ada\n\u200e{B},Bob\n{C},\u200fדינה\n", "utf-8"),
    "invisible-spaces": (f"phone,name\n\u00a0{A}\u2003,Ada\n{B}\u200b,Bob\n\ufeff{C},Cy\n", "utf-8"),
    "full-width-digits": (f"phone,name\n＋１２０２５５５０１０１,Ada\n+1202555010２,Bob\n{C},Ｃｙ\n", "utf-8"),
    "arabic-digits": (f"phone,name\n+١٢٠٢٥٥٥٠١٠١,Ada\n{B},Bob\n", "utf-8"),
    "emoji-and-combining": (f"phone,name\n{A},👩🏽‍💻 Ada\n{B},Zoe\u0308\n", "utf-8"),
    "numbers-as-people-write-them": (
        "phone\n+1 202 555 0101\n+1-202-555-0102\n(202) 555-0103\n0012025550104\ntel:+12025550105\n"
        "+12025550106 ext. 5\n+12025550107/8\n+4402071838750\n+442071838750\n",
        "utf-8",
    ),
    "numbers-that-do-not-exist": (
        "phone\n+19005551234\n+1202555\n+123456789012345678\n+999123456789\n+02025550101\n+\n+442071838750\n",
        "utf-8",
    ),
    "duplicates": (f"phone,name\n{A},Ada\n{B},Bob\n'{A},Again\n {A} ,And again\n{B},Bob\n", "utf-8"),
    "all-rows-invalid": ("phone,name\n12025550101,Ada\n,Bob\n", "utf-8"),
    "empty": ("", "utf-8"),
    "only-spaces": (" \t \r\n", "utf-8"),
    "only-a-bom": ("", "utf-8-sig"),
    "only-line-ends": ("\n\n\r\n", "utf-8"),
    "only-a-header": ("phone,name\n", "utf-8"),
    "header-and-blank-lines": ("phone,name\n\n , \n,\n", "utf-8"),
    "blank-lines-first": (f"\n\nphone,name\n{A},Ada\n", "utf-8"),
    "blank-lines-between": (f"phone,name\n\n{A},Ada\n , \n\n{B},Bob\n\n\n", "utf-8"),
    "zones-and-times": (
        f"phone,zone,after\n{A},Asia/Kolkata,2026-12-01T09:00\n{B},Mars/Base,\n{C},,1.12.2026\n",
        "utf-8",
    ),
    "ids-and-required": (f"phone,id,plan\n{A},7,basic\n{B},7,pro\n{C},8,\n", "utf-8"),
    "web-page": (f"<html><body><table><tr><td>phone</td></tr><tr><td>{A}</td></tr></table></body></html>", "utf-8"),
    "xml-spreadsheet": ('<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', "utf-8"),
    "json": (f'[{{"phone": "{A}", "name": "Ada"}}]', "utf-8"),
    "vcard": (f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ada\r\nTEL:{A}\r\nEND:VCARD\r\n", "utf-8"),
    "rtf": (r"{\rtf1\ansi phone\par " + A + "}", "ascii"),
}


def sheet(fill: Callable[[Worksheet], object], *, more: Callable[[Workbook], object] | None = None) -> bytes:
    workbook = Workbook()
    assert isinstance(workbook.active, Worksheet)
    fill(workbook.active)
    if more is not None:
        more(workbook)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return edited(buffer.getvalue(), "docProps/core.xml", lambda _: b"<coreProperties/>")  # else it holds the time


def rows(*values: Iterable[Any]) -> Callable[[Worksheet], None]:
    def fill(worksheet: Worksheet) -> None:
        for row in values:
            worksheet.append(list(row))

    return fill


def placed(cells: dict[str, Any], merged: str | None = None) -> Callable[[Worksheet], None]:
    def fill(worksheet: Worksheet) -> None:
        for place, value in cells.items():
            worksheet[place] = value
        if merged is not None:
            worksheet.merge_cells(merged)

    return fill


def archive(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in parts.items():
            packed.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def edited(workbook: bytes, path: str, edit: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    return archive(parts | {path: edit(parts[path])})


def with_results(xml: bytes) -> bytes:
    """As a spreadsheet saves formulas: with what they came to."""
    results = {b"CONCATENATE": A.encode(), b"1+1": b"2"}
    for formula, result in results.items():
        before, _, after = xml.partition(formula)
        start = before.rindex(b"<c ")
        cell = before[start:].replace(b"<c ", b'<c t="str" ')
        xml = (
            before[:start]
            + cell
            + formula
            + after.replace(b"<v></v>", b"<v>" + result + b"</v>", 1).replace(b"<v />", b"<v>" + result + b"</v>", 1)
        )
    return xml


def database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE contacts (phone TEXT)")
        connection.commit()
        connection.close()
        return path.read_bytes()


def formatted(*cells: tuple[Any, str]) -> Callable[[Worksheet], None]:
    """A row for each cell below a header: its value, and the format of numbers that shows it."""

    def fill(worksheet: Worksheet) -> None:
        worksheet.append(["phone", "code"])
        for place, (value, number_format) in enumerate(cells, start=2):
            worksheet.append([f"+120255501{place:02}", value])
            worksheet.cell(place, 2).number_format = number_format

    return fill


def plus_format(worksheet: Worksheet) -> None:
    rows(["phone", "name"], [12025550101, "Ada"], [12025550102, "Bob"])(worksheet)
    worksheet["A2"].number_format = '"+"0'


def hide_first(workbook: Workbook) -> None:
    workbook.worksheets[0].sheet_state = "hidden"
    rows(["phone", "name"], [B, "Shown"])(workbook.create_sheet("Shown"))


def hidden_row(worksheet: Worksheet) -> None:
    rows(["phone", "name"], [A, "Ada"], [B, "Bob"])(worksheet)
    worksheet.row_dimensions[3].hidden = True


def second_sheet(workbook: Workbook) -> None:
    rows(["phone"], [B])(workbook.create_sheet("Archive"))


def days_from_1904(workbook: Workbook) -> None:
    workbook.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001 a workbook's days have no zone


def strings(*texts: str) -> bytes:
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return f'<sst xmlns="{MAIN}">{items}</sst>'.encode()


def related(*kinds_and_targets: str) -> bytes:
    pairs = zip(kinds_and_targets[::2], kinds_and_targets[1::2], strict=True)
    items = "".join(
        f'<Relationship Id="r{number}" Type="{KINDS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(pairs, start=1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'.encode()


def hand_made(cells: bytes, texts: bytes) -> bytes:
    """A workbook with shared texts, as most spreadsheets write them; openpyxl writes none."""
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{KINDS}">{sheets}</workbook>'
    relations = related("worksheet", "worksheets/sheet1.xml", "sharedStrings", "sharedStrings.xml")
    return archive(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": book.encode(),
            "xl/_rels/workbook.xml.rels": relations,
            "xl/worksheets/sheet1.xml": cells,
            "xl/sharedStrings.xml": texts,
        }
    )


PLAIN = rows(["phone", "name"], [A, "Ada"], [B, "Bob"])
SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
PADDED_STYLES = (
    b'<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<numFmts><numFmt numFmtId="164" formatCode="000000"/><numFmt numFmtId="165" formatCode="00000"/></numFmts>'
    b'<cellStyleXfs count="1"><xf numFmtId="164"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
    b'<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
INLINE = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row><c t="inlineStr"><is><t>phone</t></is></c><c t="inlineStr"><is><t>name</t></is></c></row>'
    b'<row><c t="inlineStr"><is><t>+12025550101</t></is></c>'
    b'<c t="inlineStr"><is><r><t>A</t></r><r><t>da</t></r></is></c></row></sheetData></worksheet>'
)
SHARED = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    b'<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="s"><v>3</v></c></row></sheetData></worksheet>'
)
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>'

BINARIES: dict[str, bytes] = {
    "picture.csv": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00",
    "photo.csv": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9",
    "document.csv": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n",
    "archive.csv": archive({"contacts.csv": f"phone\n{A}\n".encode()}),
    "database.csv": database(),
    "compressed.csv": gzip.compress(f"phone\n{A}\n".encode(), mtime=0),
    "program.csv": b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)),
    "random.csv": bytes((place * 7919 + place * place * 31) % 256 for place in range(512)),
    "old-excel.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504 + "Workbook".encode("utf-16-le"),
    "encrypted.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504 + "EncryptedPackage".encode("utf-16-le"),
    "word.xlsx": archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<document/>"}),
    "binary-workbook.xlsx": archive({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\x83\x01"}),
    "open-document.xlsx": archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
    "torn.xlsx": sheet(PLAIN)[:2000],
    "plain.xlsx": sheet(PLAIN),
    "workbook-as-csv.csv": sheet(PLAIN),
    "numbers-for-phones.xlsx": sheet(
        rows(["phone", "name"], [12025550101, "Ada"], [1.20255501e10, "Bob"], [C, "Cy"], [f" {A} ", "Di"])
    ),
    "kinds-of-cells.xlsx": sheet(
        rows(
            ["phone", "whole", "point", "yes", "day", "moment", "time", "span", "large"],
            [
                A,
                7,
                2.5,
                True,
                dt.date(2026, 12, 1),
                dt.datetime(2026, 12, 1, 9, 30, 15),  # noqa: DTZ001 a cell has no zone
                dt.time(9, 5),
                dt.timedelta(hours=26, minutes=3),
                12025550199,
            ],
            [B, -7, 0.1, False, None, None, None, None, "  kept  "],
        )
    ),
    "days-from-1904.xlsx": sheet(rows(["phone", "day"], [A, dt.date(2026, 12, 1)]), more=days_from_1904),
    "formulas-saved.xlsx": edited(
        sheet(rows(["phone", "sum"], ['=CONCATENATE("+1","2025550101")', "=1+1"])), SHEET, with_results
    ),
    "formulas-unsaved.xlsx": sheet(rows(["phone", "sum"], [A, "=1+1"], ['="+1"&"2025550102"', 3])),
    "formula-texts.xlsx": hand_made(SHARED, strings("phone", "note", A, "=1+1")),
    "shared-texts.xlsx": hand_made(SHARED, strings("phone", "note", A, "Ada &amp; Bob")),
    "rich-texts.xlsx": hand_made(
        SHARED, strings("phone", "note", A, "").replace(b"<t></t>", b"<r><t>A</t></r><r><t>da</t></r>")
    ),
    "error-values.xlsx": sheet(rows(["phone", "name"], ["#N/A", "Ada"], [B, "#REF!"])),
    "merged-cells.xlsx": sheet(
        placed({"A1": "phone", "B1": "team", "A2": A, "B2": "North", "A3": B, "A4": C, "B4": "South"}, merged="B2:B3")
    ),
    "two-sheets.xlsx": sheet(PLAIN, more=second_sheet),
    "hidden-sheet.xlsx": sheet(rows(["phone", "name"], [A, "Hidden"]), more=hide_first),
    "hidden-row.xlsx": sheet(hidden_row),
    "table-below-a-title.xlsx": sheet(placed({"B3": "phone", "C3": "name", "B4": A, "C4": "Ada"})),
    "blank-rows-and-columns.xlsx": sheet(placed({"B1": "phone", "D1": "name", "B3": A, "D3": "Ada", "B6": B})),
    "cell-beyond-the-header.xlsx": sheet(placed({"A1": "phone", "A2": A, "A3": B, "D3": "stray"})),
    "doubled-header.xlsx": sheet(rows(["phone", "city", "city"], [A, "Bonn", "Köln"])),
    "empty-sheet.xlsx": sheet(rows()),
    "only-a-header.xlsx": sheet(rows(["phone", "name"])),
    "inline-texts.xlsx": edited(sheet(PLAIN), SHEET, lambda _: INLINE),
    "numbers-without-end.xlsx": hand_made(
        SHARED.replace(b't="s"><v>3</v>', b"><v>1e400</v>"), strings("phone", "note", A)
    ),
    "leading-zeros.xlsx": edited(
        edited(sheet(rows(["phone", "customer", "zip"], [A, 42, 1234])), STYLES, lambda _: PADDED_STYLES),
        SHEET,
        lambda xml: xml.replace(b'<c r="B2"', b'<c r="B2" s="1"').replace(b'<c r="C2"', b'<c r="C2" s="2"'),
    ),
    "number-formats.xlsx": sheet(
        formatted(
            (12345678, "00000-0000"),
            (2025550101, r"[<=9999999]###\-####;\(###\)\ ###\-####"),
            (5550101, r"[<=9999999]###\-####;\(###\)\ ###\-####"),
            (78051120, r"000\-00\-0000"),
            (123456789, "00 00 00 00 00"),
            (42, '"C-"0000'),
            (-42, "000000"),
            (0, "000"),
            (42, "#,##0.00"),
            (42, '0" kg"'),
            (4.5, "0000"),
            (42, "0,000"),
        )
    ),
    "number-format-with-plus.xlsx": sheet(plus_format),
    "document-type.xlsx": hand_made(SHARED, LAUGHS),
    "far-away-cell.xlsx": sheet(placed({"A1": "phone", "A2": A, "XFD1048576": "x"})),
    "zones-and-times.xlsx": sheet(
        rows(
            ["phone", "zone", "after"],
            [A, "Asia/Kolkata", dt.datetime(2026, 12, 1, 9, 30)],  # noqa: DTZ001 a cell has no zone
            [B, None, dt.date(2026, 12, 2)],
            [C, None, 46000.5],
        )
    ),
}


def write() -> None:
    for name, (text, encoding) in TEXTS.items():
        (HERE / f"{name}.csv").write_bytes(text.encode(encoding))
    half = (HERE / "utf16-half-a-character.csv").read_bytes()
    (HERE / "utf16-half-a-character.csv").write_bytes(half[:-1])
    for name, content in BINARIES.items():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    write()
