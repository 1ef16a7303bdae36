"""CRC32C and CRC64NVME without a native library, and the joining of part CRCs into one.

S3 accepts five checksum algorithms; Python's standard library lacks these two. A byte-at-a-time loop
reads 8 MB/s, so a block is read as many parallel lanes instead: one `bytes.translate` looks up a whole
lane column, and the lanes are joined by the CRC's own algebra. That reaches tens of MB/s.
"""

from __future__ import annotations

import functools
import zlib

LANES = 4096
LANE_BYTES = 256
BLOCK_BYTES = LANES * LANE_BYTES


class Polynomial:
    """A reflected CRC with all-ones start and end, as CRC-32/ISO-HDLC, CRC-32C and CRC-64/NVME are."""

    def __init__(self, bits: int, reflected: int) -> None:
        self.width_bytes = bits // 8
        self.ones = (1 << bits) - 1
        self.reflected = reflected
        self.table = [functools.reduce(lambda crc, _: self._step(crc), range(8), byte) for byte in range(256)]
        # planes[i] maps an index byte to byte i (least significant first) of its table entry
        self.planes = [bytes(entry >> 8 * i & 0xFF for entry in self.table) for i in range(self.width_bytes)]

    def _step(self, crc: int) -> int:
        return (crc >> 1) ^ (self.reflected if crc & 1 else 0)

    @functools.cache  # noqa: B019  three instances live as long as the process
    def _skip(self, count: int) -> list[list[int]]:
        """Tables that advance a CRC register over `count` zero bytes: one row per register byte."""
        if count == 1:
            one = [self._single(1 << bit) for bit in range(8 * self.width_bytes)]
            return self._rows(one)
        half = self._skip(count // 2)
        columns = [self._apply(half, self._apply(half, 1 << bit)) for bit in range(8 * self.width_bytes)]
        if count % 2:
            columns = [self._single(column) for column in columns]
        return self._rows(columns)

    def _single(self, crc: int) -> int:
        return (crc >> 8) ^ self.table[crc & 0xFF]

    def _rows(self, columns: list[int]) -> list[list[int]]:
        rows = []
        for byte in range(self.width_bytes):
            row = [0] * 256
            for value in range(1, 256):
                low = value & -value
                row[value] = row[value ^ low] ^ columns[8 * byte + low.bit_length() - 1]
            rows.append(row)
        return rows

    @staticmethod
    def _apply(rows: list[list[int]], crc: int) -> int:
        result = 0
        for row in rows:
            result ^= row[crc & 0xFF]
            crc >>= 8
        return result

    def update(self, data: bytes, crc: int = 0) -> int:
        """The CRC of everything so far, given the CRC before `data`."""
        register = crc ^ self.ones
        whole = len(data) - len(data) % LANE_BYTES if len(data) >= 32 * LANE_BYTES else 0
        for start in range(0, whole, BLOCK_BYTES):
            register = self._block(data[start : min(start + BLOCK_BYTES, whole)], register)
        table = self.table
        for byte in memoryview(data)[whole:]:
            register = (register >> 8) ^ table[(register ^ byte) & 0xFF]
        return register ^ self.ones

    def _block(self, block: bytes, register: int) -> int:
        width, lane_count = self.width_bytes, len(block) // LANE_BYTES
        planes = [0] * width
        for position in range(LANE_BYTES):
            index = (planes[0] ^ int.from_bytes(block[position::LANE_BYTES], "little")).to_bytes(lane_count, "little")
            looked_up = [int.from_bytes(index.translate(plane), "little") for plane in self.planes]
            planes = [planes[i + 1] ^ looked_up[i] for i in range(width - 1)] + [looked_up[width - 1]]
        lanes = [plane.to_bytes(lane_count, "little") for plane in planes]
        skip = self._skip(LANE_BYTES)
        for registers in zip(*lanes, strict=True):
            register = self._apply(skip, register) ^ int.from_bytes(bytes(registers), "little")
        return register

    def combine(self, first: int, second: int, second_bytes: int) -> int:
        """The CRC of two stretches in a row, from the CRC of each."""
        return (self._apply(self._skip(second_bytes), first) if second_bytes else first) ^ second


CRC32 = Polynomial(32, 0xEDB88320)
CRC32C = Polynomial(32, 0x82F63B78)
CRC64NVME = Polynomial(64, 0x9A6C9329AC4BC9B5)


class Running:
    """A CRC with hashlib's manners: update(), digest()."""

    def __init__(self, polynomial: Polynomial) -> None:
        self.polynomial = polynomial
        self.value = 0
        self._pending = bytearray()

    def update(self, data: bytes) -> None:
        if self.polynomial is CRC32:
            self.value = zlib.crc32(data, self.value)
            return
        self._pending += data
        if len(self._pending) >= BLOCK_BYTES:  # whole blocks only, or the lanes would never be used
            whole = len(self._pending) - len(self._pending) % BLOCK_BYTES
            self.value = self.polynomial.update(bytes(self._pending[:whole]), self.value)
            del self._pending[:whole]

    def digest(self) -> bytes:
        value = self.polynomial.update(bytes(self._pending), self.value)
        return value.to_bytes(self.polynomial.width_bytes, "big")
