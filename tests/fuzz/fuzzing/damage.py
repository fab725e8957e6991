"""An event to damage, and how bytes and texts get damaged."""

from __future__ import annotations

from random import Random
from typing import Final

__all__ = ["TABLES", "bytes_damaged", "text_damaged"]

TABLES: Final = {
    "hits": "hit_id,x,y,z,volume_id,layer_id,module_id\n"
    "1,-31.5,4.25,-1.5,8,2,7\n2,-71.25,9.5,-3.5,8,4,11\n3,32.125,0.5,100.0,8,2,224\n"
    "4,71.0,1.5,220.5,8,4,448\n5,115.5,2.75,355.0,8,6,728\n9,0.1,-45.3,-1502.5,7,2,108\n",
    "cells": "hit_id,ch0,ch1,value\n"
    "1,10,20,0.25\n1,11,20,0.125\n2,1,2,0.5\n3,5,6,1.0\n4,3,4,2\n5,9,9,4\n9,7,8,0.5\n",
    "particles": "particle_id,vx,vy,vz,px,py,pz,q,nhits\n"
    "4503668346847232,0.0,0.01,-5.5,-0.5,0.0625,0.1,-1,2\n4503737066323968,0.0,0.01,-5.5,1.5,0.02,4.5,1,3\n",
    "truth": "hit_id,particle_id,tx,ty,tz,tpx,tpy,tpz,weight\n"
    "1,4503668346847232,-31.5,4.25,-1.5,-0.5,0.06,0.1,0.125\n"
    "2,4503668346847232,-71.25,9.5,-3.5,-0.5,0.06,0.1,0.125\n"
    "3,4503737066323968,32.125,0.5,100.0,1.5,0.02,4.5,0.25\n"
    "4,4503737066323968,71.0,1.5,220.5,1.5,0.02,4.5,0.25\n"
    "5,4503737066323968,115.5,2.75,355.0,1.5,0.02,4.5,0.25\n"
    "9,0,0.1,-45.3,-1502.5,-500000.0,1000.0,2.5,0.0\n",
}
"""Text of each table of an event of six hits."""

_FIELDS: Final = (
    *(
        "",
        " ",
        "nan",
        "inf",
        "-0",
        "1.0",
        "1e3",
        "1e400",
        "+7",
        "007",
        "0x1F",
        "true",
        "NULL",
        "1_0",
        "1;5",
        "é",
        "\x00",
    ),
    *(
        "9007199254740993",
        "9007199254740993.0",
        "9223372036854775808",
        "18446744073709551615",
        "9" * 5000,
        "-1",
    ),
    *('"', '"1"', '"1,5"', "٣", " 4 ", "1.", ".5", "1d5", "0.1e-50", "2147483648", "-2147483649", "=1+1"),
)


def bytes_damaged(random: Random, content: bytes) -> bytes:
    """Return the bytes cut, or with some of them changed, doubled or left out."""
    damaged = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        if not damaged:
            break
        place, length = random.randrange(len(damaged)), random.choice((1, 1, 4, 64))
        match random.randrange(5):
            case 0:
                damaged[place] ^= 1 << random.randrange(8)
            case 1:
                damaged[place : place + length] = random.randbytes(length)
            case 2:
                del damaged[place : place + length]
            case 3:
                damaged[place:place] = damaged[place : place + length]
            case 4 if random.random() < 0.3:
                del damaged[place:]
    return bytes(damaged)


def text_damaged(random: Random, text: str) -> bytes:
    """Return a table's text as someone else's program might have written it."""
    rows = [line.split(",") for line in text.splitlines()]
    for _ in range(random.choice((0, 1, 1, 2))):
        random.choice(rows[1:])[random.randrange(len(rows[0]))] = random.choice(_FIELDS)
    match random.randrange(10):
        case 0:
            rows = [[str(number - 1) if number else "", *row] for number, row in enumerate(rows)]
        case 1:
            order = random.sample(range(len(rows[0])), len(rows[0]))
            rows = [[row[k] for k in order] for row in rows]
        case 2:
            rows = rows[: random.randrange(len(rows) + 1)]
        case 3:
            gone = random.randrange(len(rows[0]))
            rows = [row[:gone] + row[gone + 1 :] for row in rows]
        case 4:
            random.choice(rows).append("1")
        case 5:
            rows.append(random.choice(rows))
    joined = random.choice(("\n", "\n", "\r\n", "\r", "\n\n")).join(
        random.choice((",", ",", ",", ",", ", ", ";", "\t")).join(row)
        if random.random() < 0.02
        else ",".join(row)
        for row in rows
    )
    encoding = random.choice((*["utf-8"] * 9, "utf-8-sig", "utf-16", "utf-16-le"))
    return (joined + random.choice(("", "\n"))).encode(encoding)
