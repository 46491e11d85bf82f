# SPDX-License-Identifier: Apache-2.0
"""Protocol-buffer wire format, as much as models need to be written: each function gives the bytes of one field."""
import struct


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field, value):
    return varint(field << 3) + varint(int(value))


def real(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def message(field, *parts):
    body = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def text(field, value):
    return message(field, value.encode())


def packed(field, values):
    return message(field, *(varint(int(v)) for v in values))
