"""`python -m tests.unit.formats.fuzz [SECONDS]`: the kernel under AddressSanitizer, led by coverage (needs clang).

Without clang, as in CI, mutated seeds are run by the same harness under the system compiler's sanitizers.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from biotheca.formats.native import build
from tests.unit.formats.making import tiny_fastq
from tests.unit.formats.making_bam import record

SANITIZERS = "address,undefined"
HARNESS = Path(__file__).with_name("fuzz.c")


def seeds() -> list[bytes]:
    """Sound inputs of each part of the kernel, the part's number first."""
    names = [b"A0:1:FC:1:1101:%d:%d 1:N:0:A\n" % (k % 7, k) for k in range(40)]
    names += [b"SRR1.%d/1\n" % k for k in range(9)] + [b"V35L1C001R%07d/2\n" % k for k in range(9)]
    names += [b"m64_1/%d/ccs\n" % k for k in range(5)] + [b"c9a1-00 ch=1\n", b":::::::\n", b"1:2:3:4:5:06:7\n"]
    reads = [tiny_fastq(3, length) for length in (1, 15, 33, 70, 600)]
    bam = b"".join(record(name=b"r%d" % k) for k in range(3))
    packed = [b"\4" + len(text).to_bytes(2, "little") + stream for text in reads for stream in deflated(text)]
    return [b"\0" + text for text in reads] + [b"\1" + b"".join(names), b"\2" + bam, b"\3" + bytes(range(200)), *packed]


def deflated(text: bytes) -> list[bytes]:
    """Raw deflate streams of a text, with codes of each kind: own, of letters alone, fixed, none."""
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
    makers = [zlib.compressobj(9, zlib.DEFLATED, -15, 8, strategy) for strategy in strategies]
    makers.append(zlib.compressobj(0, zlib.DEFLATED, -15))
    return [maker.compress(text) + maker.flush() for maker in makers]


def compile_with(compiler: str, sanitizers: str, target: Path, *flags: str) -> None:
    """The kernel and the harness as one program."""
    kernel = [str(path) for path in build.sources() if not path.name.endswith("module.c")]
    words = ["-std=c11", "-O1", "-g", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", f"-I{build.FOLDER}"]
    words += [*flags, *kernel, str(HARNESS), "-o", str(target)]
    subprocess.run([compiler, *words], check=True, timeout=300)


def mutated(count: int, seed: int) -> list[bytes]:
    """Seeds with some bytes changed, cut, doubled."""
    dice, made = random.Random(seed), []
    for _ in range(count):
        data = bytearray(dice.choice(seeds()))
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(1, len(data))
            piece = data[at : at + dice.choice([1, 4, 30])]
            data[at : at + dice.choice([0, 1, 4])] = dice.choice(
                [b"", b"\n", b"\xff\xff\xff\xff", b"\0\0\0\0", dice.randbytes(3), bytes(piece) * 2]
            )
        made.append(bytes(data))
    return made


def main(words: list[str]) -> int:
    """The fuzzer's exit code."""
    clang = shutil.which("clang")
    if clang is None:
        print("clang is not installed; the test suite runs mutated seeds without it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        corpus, program = Path(folder) / "corpus", Path(folder) / "fuzz"
        corpus.mkdir()
        for number, seed in enumerate(seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
        compile_with(clang, f"fuzzer,{SANITIZERS}", program)
        limits = [
            f"-max_total_time={words[0] if words else '600'}",
            "-max_len=4096",
            "-timeout=5",
            "-print_final_stats=1",
        ]
        return subprocess.run([str(program), *limits, str(corpus)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
