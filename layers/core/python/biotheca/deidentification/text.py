"""Free text of headers, cleaned: what identifies goes, words of radiology and measures stay. Pure.

PS3.15 E.3.4 (Clean Descriptors Option). Three nets: the patient's own identifiers, as this object states them anywhere;
patterns (dates, numbers, addresses, titles); and a list of words that may stay, which alone stops names that no header
says. What is on no list is dropped and counted for the curator.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from struct import pack

LEAST_DIGITS = 5  # of a number that is looked for among numbers
INSIDE_LETTERS = 6  # a shorter name is looked for as a word: Mary is in primary
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:1[89]|20)\d\d"
_WAYS = "street|road|avenue|lane|crescent|boulevard|terrace|drive|court|square|strasse|straße"
_MONTH_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("mail", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*"),
        ("address", r"(?:https?://|www\.)\S+"),
        ("address", rf"\b\d{{1,5}}[a-z]?\s+(?:[^\W\d_][\w'-]*\s+){{1,3}}(?:{_WAYS})\b"),
        ("address", r"\bp\.?\s?o\.?\s?box\s*\d+"),
        ("uid", r"(?<![\d.])\d+(?:\.\d+){4,}(?![\d.])"),
        ("date", rf"(?<!\d){_YEAR}[-/. ]?{_MONTH}[-/. ]?{_DAY}(?!\d)"),
        ("date", rf"(?<!\d)(?:{_DAY}[-/. ]{_MONTH}|{_MONTH}[-/. ]{_DAY})[-/. ](?:{_YEAR}|\d\d)(?!\d)"),
        ("date", rf"(?<!\d){_DAY}[-/. ]?(?:st|nd|rd|th)?[-/. ]?{_MONTH_NAME}[-/., ]*(?:{_YEAR}|\d\d)?(?!\d)"),
        ("date", rf"\b{_MONTH_NAME}[-/. ]*{_DAY}(?:st|nd|rd|th)?(?:[-/., ]+(?:{_YEAR}|\d\d))?(?!\d)"),
        ("date", rf"\b{_MONTH_NAME}[-/. ]*{_YEAR}(?!\d)"),
        ("date", rf"{_YEAR}\s*[年년]\s*{_MONTH}\s*[月월](?:\s*{_DAY}\s*[日号일])?"),
        ("date", rf"(?<!\d){_YEAR}(?!\d)"),
        ("time", r"(?<!\d)(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\d)"),
        ("phone", r"(?<!\w)(?:\+|00)\d[\d ().-]{6,}\d|(?<![\w.])\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]\d{3,4}(?![\w.])"),
        ("number", r"(?<![\d.])\d{5,}(?!\.\d)"),
        (
            "title",
            # MR is magnetic resonance unless it is written as Mr, or with a point; MS is sclerosis.
            r"\b(?:dr|prof|mrs|miss|md|phd|sir|nurse|physician|doctor|radiologist|(?-i:Mr|Ms)|m[rs](?=\.))\b\.?"
            r"(?:\s+[^\W\d_][\w'-]*\.?){0,3}",
        ),
        (
            "title",
            r"(?:患者|病人|姓名|医生|医師|先生|女士|교수|의사|환자)[:：]?\s*[\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7af]{0,4}",
        ),
    )
)
_TOKEN = re.compile(
    r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]+|(?:(?![\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af])[^\W_])+"
)
_HAN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_LETTERS = re.compile(r"[^\W\d_]+")
_MEASURE = re.compile(r"\d{1,4}([a-z]{0,4})")
_UNITS = frozenset("dtsmgxlhkwvfynr")  # 3D, 1.5T, 30s; 221B is a house
_CODE = re.compile(r"([a-z]{1,12}?)(\d{1,3})([a-z]{0,3})")
_NAME_PARTS = re.compile(r"[\^=\s,.;:/()\[\]\\_'\"-]+")
_LEFT_OVERS = re.compile(r"(?:(?<=^)|(?<=\s))[-/_.,:;()+*#&|]+(?=\s|$)")


@dataclass(frozen=True)
class Cleaned:
    """A text after cleaning, and how many spans went, by kind."""

    text: str
    removed: dict[str, int]


def folded(text: str) -> str:
    """A text as it is compared: compatibility forms joined, no case, no marks over letters of Latin and Greek."""
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in apart if not ("\u0300" <= c <= "\u036f"))
    return unicodedata.normalize("NFC", plain).casefold()


class Identifiers:
    """What is known to identify the patient and the people around them."""

    def __init__(self, names: Iterable[str], numbers: Iterable[str], places: Iterable[str] = ()) -> None:
        """`names`: of people. `numbers`: of records, orders, telephones. `places`: names of places and institutions,

        of which listed words say nothing by themselves: a department may be called Radiation Therapy.
        """
        self.words: set[str] = set()
        self.inside: set[str] = set()  # found inside longer words too
        self.digits: set[str] = set()  # of numbers, as a numeric value could be
        plain = [" ".join(w for w in _NAME_PARTS.split(folded(p)) if not _is_trade(w)) for p in places]
        for name in [*map(folded, names), *plain]:
            parts = [p for p in _NAME_PARTS.split(name) if p]
            for part in parts:
                if _HAN.search(part):
                    if len(part) > 1:
                        self.inside.add(part)
                elif len(part) > 1 and not part.isdigit():
                    self.words.add(part)
                    if len(part) >= INSIDE_LETTERS:
                        self.inside.add(part)
            han = [p for p in parts if _HAN.search(p)]
            if len(han) > 1:
                self.inside |= {"".join(han[n : n + 2]) for n in range(len(han) - 1)}
        for number in map(folded, numbers):
            if len(whole := re.sub(r"[\W_]+", "", number)) > 3:
                self.inside.add(whole)
            if len(digits := re.sub(r"\D", "", number)) > 3:
                self.inside.add(digits)
            if len(digits := digits.lstrip("0")) >= LEAST_DIGITS:
                self.digits.add(digits)
            self.words |= {p for p in _NAME_PARTS.split(number) if len(p) > 1}
        self._any = (
            re.compile("|".join(map(re.escape, sorted(self.inside, key=len, reverse=True)))) if self.inside else None
        )

    @cached_property
    def packed(self) -> tuple[bytes, ...]:
        """The numbers as binary values of 4 and 8 bytes, in both byte orders."""
        made: set[bytes] = set()
        for value in map(int, self.digits):
            kinds: list[tuple[str, int | float]] = [("d", float(value))]
            kinds += [("Q", value)] if value < 1 << 64 else []
            kinds += [("I", value), ("f", float(value))] if value < 1 << 32 else []
            made |= {pack(order + kind, number) for kind, number in kinds for order in "<>"}
        return tuple(made)

    def is_number(self, text: str) -> bool:
        """Whether a decimal number is one that identifies, or holds a long one."""
        digits = re.sub(r"\D", "", text.partition("e")[0])
        return digits.lstrip("0") in self.digits or any(
            known in digits for known in self.digits if len(known) > LEAST_DIGITS
        )

    def hit(self, token: str) -> bool:
        """Whether a folded word is or holds an identifier."""
        if token in self.words or (self._any and self._any.search(token)):
            return True
        return any(c.isdigit() for c in token) and not self.words.isdisjoint(_LETTERS.findall(token))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where identifiers written with separators stand in a text of the same length as its folded form."""
        return [m.span() for m in self._any.finditer(text)] if self._any else []

    @property
    def fingerprint(self) -> frozenset[str]:
        """What makes two sets of identifiers the same."""
        return frozenset(self.words | self.inside)


def _is_trade(word: str) -> bool:
    """Whether a word of a place's name is a listed one, or its beginning: a short string ends after 16 characters."""
    return word in words() or (len(word) >= INSIDE_LETTERS - 1 and any(w.startswith(word) for w in words()))


NOBODY = Identifiers((), ())


def cleaned(text: str, known: Identifiers, strict: bool = True) -> Cleaned:
    """A text without what identifies. `strict`: only listed words and measures stay; else all but the first two nets.

    >>> cleaned("MRN 123456 CHEST PA Dr. Jones 02APR2019 5mm", Identifiers(["SMITH^JOHN"], ["123456"])).text
    'CHEST PA 5mm'
    """
    removed: Counter[str] = Counter()
    for kind, pattern in PATTERNS:
        text, count = pattern.subn(" ", text)
        if count:
            removed[kind] += count
    text = _without_known(text, known, removed)
    if strict:
        text = _TOKEN.sub(lambda found: _listed(found[0], removed), text)
    if removed:
        text = _LEFT_OVERS.sub(" ", text)
        text = re.sub(r"[ \t]{2,}", " ", text).strip(" -_/.,:;^=\\")
    return Cleaned(text, dict(removed))


def _without_known(text: str, known: Identifiers, removed: Counter[str]) -> str:
    def judge(found: re.Match[str]) -> str:
        if known.hit(folded(found[0])):
            removed["identifier"] += 1
            return " "
        return found[0]

    text = _TOKEN.sub(judge, text)
    # A number that was written in groups, a name with something between its characters.
    close = re.sub(r"[\W_]+", "", folded(text))
    if known.spans(close):
        before = text
        for match in known.spans(close)[::-1]:
            wanted = close[match[0] : match[1]]
            spaced = r"[\W_]*".join(map(re.escape, wanted))
            text = re.sub(spaced, " ", text, flags=re.IGNORECASE)
        if text == before:  # written so that it cannot be cut out: nothing of it stays
            text = ""
        removed["identifier"] += 1
    return text


def _listed(token: str, removed: Counter[str]) -> str:
    if _HAN.search(token):
        return _listed_han(token, removed)
    word = folded(token)
    if word in words() or (len(token) == 1 and token.isascii()):
        return token
    if measure := _MEASURE.fullmatch(word):
        if not measure[1] or measure[1] in words() or measure[1] in _UNITS:
            return token
    elif (code := _CODE.fullmatch(word)) and all(len(part) < 2 or part in words() for part in (code[1], code[3])):
        return token
    removed["word"] += 1
    return " "


def _listed_han(token: str, removed: Counter[str]) -> str:
    """The longest listed words from left to right; whatever is between them goes."""
    kept, at, known = [], 0, words_han()
    while at < len(token):
        for size in range(min(6, len(token) - at), 0, -1):
            if token[at : at + size] in known:
                kept.append(token[at : at + size])
                at += size
                break
        else:
            removed["word"] += 1
            at += 1
    return "".join(kept) or " "


@cache
def words() -> frozenset[str]:
    """Lower-case words that may stay in a description."""
    return frozenset(_lines("words.txt") | _lines("protocol_words.txt"))


@cache
def words_han() -> frozenset[str]:
    """Words in Chinese, Japanese and Korean that may stay."""
    return frozenset(_lines("words_han.txt"))


def _lines(name: str) -> set[str]:
    text = (resources.files(__package__) / "data" / name).read_text("utf-8")
    return {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
