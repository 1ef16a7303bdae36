"""The compiled kernel: every byte at every place, every place of a cut, and the Python engine where it is absent."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biotheca.formats import native
from biotheca.formats.fastq import BASES, QUALITIES, FastqCheck
from biotheca.formats.native import build
from tests.depth import examples
from tests.real_data import real_files
from tests.unit.formats.making import tiny_fastq, with_line, without_line
from tests.unit.formats.twin import judge

COMPILED = native.engines()[:-1]


class Names:
    """Keeps the header lines that it is told, and where they stand."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, int]] = []

    def walk(self) -> None:
        """Nothing the kernel could do itself."""

    def feed(self, records: native.Records, line: int) -> None:
        self.headers += [(header, line + 4 * k) for k, header in enumerate(records.headers())]

    def add(self, header: bytes, line: int) -> None:
        self.headers.append((header, line))


def _everything(text: bytes, engine: str, block_bytes: int, cut: int = 0) -> tuple[object, ...]:
    sequences: list[bytes] = []
    names = Names()
    check = FastqCheck(block_bytes=block_bytes, engine=engine, screen=sequences.extend, names=names)
    for piece in (text[:cut], text[cut:]):
        check.feed(piece)
    check.finish()
    # Where the reading stopped, CRLF was counted to the end of the block.
    crlf = (0, 0) if check.stopped else (check.crlf_lines, check.first_crlf_line)
    counts = (check.reads, check.bases, check.lines, crlf)
    return (*counts, check.stopped, check.defects, dict(check.counted), sequences, names.headers)


def test_a_machine_with_a_compiler_has_the_kernel() -> None:
    assert bool(COMPILED) is (build.compiler() is not None)


@pytest.mark.parametrize("engine", COMPILED)
def test_each_byte_is_judged_as_the_rules_say_at_each_place_of_a_record(engine: str) -> None:
    sound = (b"@" + b"n" * 40, b"ACGTN" * 15, b"+", b"I" * 75)
    for at in [*range(1, 41), *range(75)]:
        for letter in range(256):
            byte = bytes([letter])
            for k in (0, 1, 3):
                if at >= len(sound[k]) or (k == 0 and at == 0):
                    continue
                lines = list(sound)
                lines[k] = sound[k][:at] + byte + sound[k][at + 1 :]
                text = b"\n".join(lines) + b"\n"
                allowed = {0: QUALITIES + (b" \t" if at > 1 else b""), 1: BASES, 3: QUALITIES}[k]
                if k == 0 and byte in b"\x0b\x0c\r":
                    continue  # a blank that ends a name too: either answer is right, the walk decides
                end, reads, bases, _ = native.scan(engine, text, 0)
                assert (end, reads, bases) == ((len(text), 1, 75) if byte in allowed else (0, 0, 0)), (k, at, byte)


def _unsound_texts() -> list[bytes]:
    whole = tiny_fastq(reads=9, length=37)
    texts = [whole, whole.replace(b"\n", b"\r\n"), whole[:-1], whole[:-30], whole + b"\n\n", b"\n" + whole]
    texts += [without_line(whole, line) for line in (9, 10, 11, 12)]
    texts += [with_line(whole, line, odd) for line in (9, 10, 11, 12) for odd in (b"", b"@", b"+", b"ACGT\r", b"@r x")]
    return texts


@pytest.mark.parametrize("text", _unsound_texts())
def test_wherever_a_block_ends_and_the_bytes_are_cut_engines_agree(text: bytes) -> None:
    expected = _everything(text, native.PYTHON, 10**6)
    reads, bases, found = judge(text)
    assert expected[:2] == (reads, bases)
    assert [(d.code, d.line) for d in expected[5]] == found  # type: ignore[attr-defined]
    for engine in COMPILED:
        for place in range(1, len(text) + 1):
            assert _everything(text, engine, place) == expected
            assert _everything(text, engine, 10**6, cut=place) == expected
            assert _everything(text, engine, 1, cut=place) == expected


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """Long reads of many lengths with a few bytes changed, put in or taken out."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    text = bytearray()
    for n in range(draw(st.integers(1, 120))):
        length = dice.choice([1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 150, 4000])
        bases, plus = bytes(dice.choices(BASES, k=length)), dice.choice([b"", b"r%d" % n, b"r%d x" % n])
        text += b"@r%d 1:N\n%b\n+%b\n%b\n" % (n, bases, plus, bytes(dice.choices(QUALITIES, k=length)))
    for _ in range(draw(st.integers(0, 6))):
        at = dice.randrange(len(text))
        text[at : at + dice.choice([0, 1, 1, 2])] = dice.choice(
            [b"", b"\n", b"@", b"\r\n", b"\xff", b" ", b"+\n", b"A"]
        )
    return bytes(text)


@settings(max_examples=examples(60), deadline=None)
@given(text=_mutated(), block=st.integers(1, 60_000))
def test_engines_agree_on_long_mutated_texts(text: bytes, block: int) -> None:
    expected = _everything(text, native.PYTHON, 2**21)
    for engine in native.engines():
        assert _everything(text, engine, block) == expected


def test_engines_agree_on_real_files() -> None:
    for path in real_files(".fastq", ".fq"):
        text = path.read_bytes()
        expected = _everything(text, native.PYTHON, 2**21)
        for engine in COMPILED:
            assert _everything(text, engine, 2**21) == expected, path.name


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(1, 31), step=st.integers(1, 5), needed=st.integers(1, 4))
def test_marked_sequences_are_those_that_hold_words_by_the_definition(
    seed: int, size: int, step: int, needed: int
) -> None:
    dice = random.Random(seed)
    texts = [
        bytes(dice.choices(b"ACGTacgtNn.", [9, 9, 9, 9, 3, 3, 3, 3, 1, 1, 1], k=dice.randrange(1, 120)))
        for _ in range(30)
    ]
    chosen = {t[at : at + size].upper() for t in texts[:9] for at in range(len(t) - size + 1) if dice.random() < 0.3}
    words = [word for word in chosen if not word.translate(None, b"ACGT")]
    found = native.Words.of(words, size, step, needed)
    if found is None:
        assert not COMPILED
        return
    whole = b"".join(b"@r\n%b\n+\n%b\n" % (t, b"I" * len(t)) for t in texts)
    sequences = native.scan(COMPILED[0], whole, 0)[3].sequences
    assert list(sequences) == texts
    longest = dice.randrange(1, 130)
    windows = [t[:longest].upper() for t in texts]
    places = [[at for at in range(len(w) - size + 1) if w[at : at + size] in words] for w in windows]
    expected = [any(at % step == 0 for at in p) and len(p) >= needed for p in places]
    assert list(found.marked(sequences, 0, 1, 30, longest)) == expected
    assert list(found.marked(sequences, 2, 3, 9, longest)) == expected[2:29:3]
    assert sequences.lengths(2, 3, 9) == [len(t) for t in texts[2:29:3]]


def _corpus() -> list[bytes]:
    """Texts of this module's kinds, and every one with one byte turned."""
    dice = random.Random(3)
    texts = [*_unsound_texts(), b"", b"\n", b"@", b"@r\nA\n+\n", b"@r\n" + b"A" * 70]
    texts.append(b"@" + b"n" * 400 + b"\nA\n+\nI\n")
    for length in [*range(1, 70), 127, 128, 129, 5000]:
        texts.append(
            b"@r\n%b\n+r\n%b\n" % (bytes(dice.choices(BASES, k=length)), bytes(dice.choices(QUALITIES, k=length)))
        )
    for text in list(texts):
        for _ in range(10 if text else 0):
            at = dice.randrange(len(text))
            texts.append(text[:at] + bytes([dice.randrange(256)]) + text[at + 1 :])
    return texts


def test_no_byte_beyond_a_text_is_read_and_nothing_is_undefined(tmp_path: Path) -> None:
    cc = build.compiler()
    if cc is None:
        assert not COMPILED
        return
    corpus, program = tmp_path / "corpus", tmp_path / "harness"
    corpus.write_bytes(b"".join(len(text).to_bytes(4, sys.byteorder) + text for text in _corpus()))
    flags = ["-std=c11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{build.FOLDER}"]
    kernel = [str(path) for path in build.sources() if not path.name.endswith("module.c")]
    harness = str(Path(__file__).with_name("harness.c"))
    subprocess.run([cc, *flags, *kernel, harness, "-o", str(program)], check=True, timeout=120)
    told = subprocess.run([str(program), str(corpus)], capture_output=True, text=True, check=False, timeout=120)
    assert told.returncode == 0, told.stderr[-3000:]
    digests = told.stdout.split()
    assert len(digests) == max(len(COMPILED), 1) and len(set(digests)) == 1


def test_spans_that_do_not_fit_the_text_are_refused() -> None:
    if not (words := native.Words.of([b"ACG"], 3, 1, 1)):
        return
    beyond = native.Sequences(b"ACGT", b"".join(n.to_bytes(4, sys.byteorder) for n in (0, 0, 3, 2)))
    with pytest.raises(ValueError, match="outside"):
        words.marked(beyond, 0, 1, 1, 10)
    with pytest.raises(ValueError, match="no such spans"):
        words.marked(beyond, 1, 1, 1, 10)


def test_without_a_compiler_python_is_the_engine_and_that_is_said_aloud(tmp_path: Path) -> None:
    package = tmp_path / "biotheca"
    ignored = shutil.ignore_patterns("*.so", "*.stamp", "__pycache__", ".build-*")
    shutil.copytree(build.FOLDER.parents[1], package, ignore=ignored)
    bare = {"PYTHONPATH": str(tmp_path), "PATH": "", "HOME": str(tmp_path)}
    built = _python(["-m", "biotheca.formats.native.build"], bare)
    assert built.returncode == 0
    assert "no C compiler was found" in built.stderr and "Python engine" in built.stderr
    assert _python(["-m", "biotheca.formats.native.build", "--required"], bare).returncode == 1
    asked = "from biotheca.formats import native; from biotheca.qc import check_file\n"
    asked += "print(native.engines(), check_file([b'@r\\nX\\n+\\nI\\n'], None, 'fastq', 'a.fq').findings[0].where)"
    assert _python(["-c", asked], bare).stdout.strip() == "['Python'] a.fq:2"


def _python(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | environment
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
