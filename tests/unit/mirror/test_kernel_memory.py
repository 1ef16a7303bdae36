"""The kernel that reads XML, built with sanitizers, over thousands of damaged texts: no byte beyond them is touched."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

from biotheca.formats import native
from biotheca.formats.native import build
from biotheca.mirror.mapping import BIOSAMPLE, PACKAGE
from biotheca.mirror.tables import program
from tests.unit.mirror.making import packages, world

SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ODD = [b"<", b">", b"&", b";", b'"', b"'", b"=", b"/", b"\0", b"\xff", b"\xc3", b"&#x", b"<!--", b"]]>", b"\xf4\x90"]
CHILD = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
import _kernel
read = refused = 0
for words, texts in pickle.load(open(sys.argv[2], "rb")):
    made = _kernel.xml_program(*words)
    for text in texts:
        answer = _kernel.xml_tables(made, text)
        if isinstance(answer[0], str):
            assert 0 <= answer[1] <= len(text), answer
            refused += 1
        else:
            read += 1
print(read, refused)
"""


def damaged(texts: list[bytes], each: int) -> list[bytes]:
    """The texts, and each of them cut, changed, doubled and interspersed at random places."""
    dice = random.Random(17)
    made = list(texts)
    for text in texts:
        for _ in range(each):
            odd = bytearray(text)
            for _ in range(dice.randrange(1, 4)):
                at = dice.randrange(len(odd) + 1)
                kind = dice.randrange(4)
                if kind == 0:
                    del odd[at:]
                elif kind == 1:
                    odd[at : at + dice.randrange(3)] = dice.choice(ODD)
                elif kind == 2:
                    odd[at:at] = odd[at : at + dice.randrange(200)]
                else:
                    del odd[at : at + dice.randrange(60)]
            made.append(bytes(odd))
    return made


def test_no_byte_beyond_a_text_is_read_and_nothing_is_undefined(tmp_path: Path) -> None:
    cc = build.compiler()
    if cc is None:
        assert not native.has_kernel()
        return
    subprocess.run(build.command(cc, tmp_path / build.MODULE, *SANITIZERS), check=True, timeout=180)
    made = world()
    corpus = []
    for document, texts in ((PACKAGE, packages(made)), (BIOSAMPLE, list(made.biosamples.values()))):
        words = program(document)
        corpus.append(((words.nodes, words.attributes, words.column_tables, words.table_parents), damaged(texts, 250)))
    (tmp_path / "corpus").write_bytes(pickle.dumps(corpus))
    library = subprocess.run([cc, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout
    # Leaks are not looked for: the interpreter keeps memory. Its blocks come from malloc, so that their ends count.
    environment = os.environ | {
        "LD_PRELOAD": library.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    told = subprocess.run(
        [sys.executable, "-I", "-c", CHILD, str(tmp_path), str(tmp_path / "corpus")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    read, refused = map(int, told.stdout.split())
    assert read > 100 and refused > 1000
