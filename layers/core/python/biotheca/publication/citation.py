"""How a record is cited: plain text, BibTeX, RIS, CSL-JSON, DataCite JSON; and its certificate. Pure."""

from __future__ import annotations

import html
import json
from typing import Any

from biotheca.catalog.archive import archive
from biotheca.publication.model import Record

# Format of a citation -> media type.
FORMATS = {
    "text": "text/plain; charset=utf-8",
    "bibtex": "application/x-bibtex; charset=utf-8",
    "ris": "application/x-research-info-systems; charset=utf-8",
    "csl": "application/vnd.citationstyles.csl+json",
    "datacite": "application/vnd.datacite.datacite+json",
}


def facts(record: Record, creator: str, year: int) -> dict[str, Any]:
    """What every format says. `creator` is an organisation: records hold no person's name."""
    return {
        "accession": record.accession,
        "creator": creator or archive()["publisher"],
        "title": " ".join(record.title.split()),
        "year": year,
        "publisher": archive()["publisher"],
        "url": f"{archive()['address'].rstrip('/')}/r/{record.accession}",
        "version": str(record.version),
        "released_on": (record.released_at or "")[:10],
        "type": record.type,
    }


def render(wanted: str, said: dict[str, Any]) -> str:
    """A citation in one of `FORMATS`."""
    return {"text": _text, "bibtex": _bibtex, "ris": _ris, "csl": _csl, "datacite": _datacite}[wanted](said)


def _text(said: dict[str, Any]) -> str:
    cited = "{creator} ({year}). {title} (version {version}) [Data set]. {publisher}. {accession}. {url}".format(**said)
    used = (
        f"The data are deposited in {archive()['name']['en']} under accession number {said['accession']}, "
        f"accessible at {said['url']}."
    )
    works = [
        f"{r['authors']} {r['title']}. {r['journal']}, {r['year']}. doi:{r['doi']}" for r in archive()["references"]
    ]
    return "\n".join([cited, used, *works]) + "\n"


_TEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_TEX |= {sign: f"\\{sign}" for sign in "&%$#_"}


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


def _bibtex(said: dict[str, Any]) -> str:
    fields = {
        "author": f"{{{_tex(said['creator'])}}}",  # braces of its own: an organisation is no first and last name
        "title": f"{{{_tex(said['title'])}}}",
        "year": str(said["year"]),
        "publisher": _tex(said["publisher"]),
        "version": said["version"],
        "note": f"Data set, accession {said['accession']}",
        "url": said["url"],
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{said['accession']},\n{lines}\n}}\n"


def _ris(said: dict[str, Any]) -> str:
    lines = [
        ("TY", "DATA"),
        ("AU", said["creator"]),
        ("TI", said["title"]),
        ("PY", str(said["year"])),
        ("DA", said["released_on"].replace("-", "/")),
        ("PB", said["publisher"]),
        ("ET", said["version"]),
        ("AN", said["accession"]),
        ("UR", said["url"]),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines if value or tag == "ER")


def _csl(said: dict[str, Any]) -> str:
    issued = [int(piece) for piece in said["released_on"].split("-")] if said["released_on"] else [said["year"]]
    item = {
        "id": said["accession"],
        "type": "dataset",
        "title": said["title"],
        "author": [{"literal": said["creator"]}],
        "issued": {"date-parts": [issued]},
        "publisher": said["publisher"],
        "number": said["accession"],
        "version": said["version"],
        "URL": said["url"],
    }
    return json.dumps([item], ensure_ascii=False, indent=1) + "\n"


def _datacite(said: dict[str, Any]) -> str:
    dates = [{"date": said["released_on"], "dateType": "Available"}] if said["released_on"] else []
    document = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "creators": [{"name": said["creator"], "nameType": "Organizational"}],
        "titles": [{"title": said["title"]}],
        "publisher": {"name": said["publisher"]},
        "publicationYear": said["year"],
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": said["type"]},
        "identifiers": [{"identifier": said["url"], "identifierType": "URL"}],
        "alternateIdentifiers": [
            {"alternateIdentifier": said["accession"], "alternateIdentifierType": "accession number"}
        ],
        "dates": dates,
        "version": said["version"],
        "url": said["url"],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def certificate(said: dict[str, Any], code: str, issued_on: str, files: int, size_bytes: int) -> str:
    """A printable page of its own, EN and ZH, with nothing fetched from anywhere."""
    safe = {name: html.escape(str(value)) for name, value in said.items()}
    en, zh = (html.escape(archive()["name"][language]) for language in ("en", "zh"))
    public = said["released_on"]
    rows = [
        ("Accession", "编号", safe["accession"]),
        ("Title", "标题", safe["title"]),
        ("Depositor", "提交单位", safe["creator"]),
        ("Version", "版本", safe["version"]),
        ("Files", "文件数", f"{files} ({size_bytes:,} bytes)"),
        ("Public since", "公开日期", safe["released_on"] if public else "not public yet / 尚未公开"),
        ("Issued on", "出具日期", html.escape(issued_on)),
        ("Verification code", "验证码", f"<code>{html.escape(code)}</code>"),
        (
            "Confirm at",
            "验证地址",
            f"{html.escape(archive()['address'].rstrip('/'))}/v1/certificates/{html.escape(code)}",
        ),
    ]
    table = "\n".join(f"<tr><th>{one}<br>{other}</th><td>{value}</td></tr>" for one, other, value in rows)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Certificate of deposit {safe["accession"]}</title>
<style>body{{font-family:serif;max-width:42rem;margin:3rem auto}}th{{text-align:left;padding-right:2rem}}
td,th{{padding:.4rem 1rem .4rem 0;vertical-align:top}}h1{{font-size:1.4rem}}</style></head>
<body>
<h1>Certificate of deposit<br>数据归档证书</h1>
<p>{en} confirms that the data below are archived; every file was read back and its SHA-256 compared.</p>
<p>{zh}证明以下数据已归档，所有文件均经回读并核对 SHA-256。</p>
<table>
{table}
</table>
</body>
</html>
"""
