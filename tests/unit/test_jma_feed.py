"""JMA's feeds: which telegrams they name, and where these are asked for."""

from __future__ import annotations

import pytest

from bot.telegrams.feed import Entry, read_feed

BASE = "http://127.0.0.1:9000/developer/xml"


def feed(*links: str) -> bytes:
    entries = "".join(f'<entry><id>{link}</id><link href="{link}"/></entry>' for link in links)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (
            f"{BASE}/data/20260624170203_0_VPWW55_060000.xml",
            f"{BASE}/data/20260624170203_0_VPWW55_060000.xml",
        ),
        (
            "../data/20260624170203_0_VPWW55_060000.xml",
            f"{BASE}/data/20260624170203_0_VPWW55_060000.xml",
        ),
        (
            "http://127.0.0.1:9000/other/20260624170203_0_VPWW55_060000.xml",
            "http://127.0.0.1:9000/other/20260624170203_0_VPWW55_060000.xml",
        ),
        (
            "https://www.data.jma.go.jp/developer/xml/data/20260624170203_0_VPWW55_060000.xml",
            f"{BASE}/data/20260624170203_0_VPWW55_060000.xml",
        ),
        ("http://127.0.0.1:22/x/0_VPWW55_060000.xml", f"{BASE}/data/0_VPWW55_060000.xml"),
    ],
)
def test_a_telegram_is_asked_for_at_the_server_of_the_feed_and_nowhere_else(link: str, address: str) -> None:
    assert read_feed(feed(link), BASE).entries == [Entry(address, "VPWW55", "060000", None)]


@pytest.mark.parametrize(
    ("name", "type_", "sender"),
    [
        ("20260624170203_0_VXKO52_JPDD.xml", "VXKO52", "JPDD"),
        ("15_16_03_241226_VPWW55.xml", "VPWW55", ""),
        ("VXSE53.xml", "VXSE53", ""),
    ],
)
def test_the_data_type_is_read_from_the_name(name: str, type_: str, sender: str) -> None:
    assert [(e.type, e.sender) for e in read_feed(feed(f"{BASE}/data/{name}"), BASE).entries] == [
        (type_, sender)
    ]


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/data/readme.xml",
        f"{BASE}/data/20260624170203_0_VPWW55_060000.xml?x=1",
        f"{BASE}/data/20260624170203_0_vpww55_060000.xml",
        "http://[::1/20260624170203_0_VPWW55_060000.xml",
        "",
    ],
)
def test_what_is_no_telegram_is_left_out(link: str) -> None:
    assert read_feed(feed(link), BASE).entries == []
