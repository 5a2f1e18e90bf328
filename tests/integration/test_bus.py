"""Buses through real processes: the chat, what staff are warned of, and alerts from draft to the public feed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from google.transit import gtfs_realtime_pb2 as gtfs

from simulator import Simulator
from tests.integration.running import Running, line_simulator, town_folder, user
from tests.unit.bus_feeds import FUJIEDA

A, B = user(0xA), user(0xB)
STOPS = "name,reading,label_en,aliases\n桂島,かつらしま,Katsurashima,\n空港南,,,\n朝比奈,,,玉露の里\n"
MORNING = "2017-10-20T08:00:00+09:00"


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        for user_id in (A, B):
            simulator.add_user(user_id)
        yield simulator
        assert simulator.violations == []


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = town_folder(tmp_path)
    shutil.copytree(FUJIEDA, folder / "gtfs")
    (folder / "bus_stops.csv").write_text(STOPS, "utf-8")
    return folder


@pytest.fixture
async def service(line: Simulator, tmp_path: Path, town: Path) -> AsyncIterator[Running]:
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    async with Running(line, url, MACHI_TOWN=str(town), MACHI_CLOCK=MORNING) as running:
        await running.residents(
            {"user_id": A, "language": "en", "topics": ["bus"], "bus_stops": ["桂島"]},
            {"user_id": B, "language": "ja", "topics": ["bus"], "bus_stops": ["空港南"]},
        )
        yield running


async def published(service: Running) -> gtfs.FeedMessage:
    async with (
        aiohttp.ClientSession(service.address) as session,
        session.get("/feeds/gtfs-rt/alerts.pb") as answer,
    ):
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/x-protobuf"
        feed = gtfs.FeedMessage()
        feed.ParseFromString(await answer.read())
    assert feed.IsInitialized()
    assert (feed.header.gtfs_realtime_version, feed.header.incrementality) == (
        "2.0",
        gtfs.FeedHeader.FULL_DATASET,
    )
    assert feed.header.timestamp >= 1508454000
    return feed


async def test_the_next_bus_in_the_chat_and_the_warning_at_the_start(
    line: Simulator, service: Running
) -> None:
    await service.ready()  # a timetable that ends soon keeps nothing from being ready
    heard = len(line.heard(A))
    await line.say(A, "next bus")
    await line.until(lambda: len(line.heard(A)) > heard)
    assert "8:12 (in 1" in line.heard(A)[-1].text
    assert "バスの時刻表は 2017-11-01 で期限が切れます(あと12日)" in service.log


async def test_check_warns_and_is_no_fault(service: Running, town: Path) -> None:
    said = await service.machi("town", "check")
    assert said.startswith(
        "まちがいはありません。\n注意: バスの時刻表は 2017-11-01 で期限が切れます(あと12日)。"
    )
    checked = await service.json("town", "check")
    assert checked["faults"] == []
    assert sum("時刻表" in warning for warning in checked["warnings"]) == 1
    (town / "gtfs" / "stops.txt").write_text("stop_id,name\n", "utf-8")
    process = await service.machi("town", "check", status=1)
    assert process == ""  # faults are data: they stand on standard output


async def test_an_alert_is_published_once_it_is_approved_and_sent(line: Simulator, service: Running) -> None:
    new = [
        "bus",
        "alert",
        "new",
        "--route",
        "朝比奈線",
        "--from",
        "2017-10-20 12:00",
        "--until",
        "2017-10-21 12:00",
    ]
    made = await service.json(
        *new,
        "--effect",
        "運休",
        "--cause",
        "天候",
        "--text",
        "雪のため運休します。",
        "--text-en",
        "No buses: snow.",
    )
    assert made == {"id": 1, "broadcast": 1, "segment": "bus_stop in (桂島, 朝比奈)", "recipients": 1}
    assert "承認できません" in await service.machi("broadcast", "approve", "1", status=1)
    assert list((await published(service)).entity) == []
    await service.machi("broadcast", "approve", "1", "--as", "chief")
    assert list((await published(service)).entity) == []
    await service.machi("broadcast", "send", "1")
    assert (await service.ended("1"))["accepted"] == 1

    (text,) = [entry.text for entry in line.heard(A)]
    assert text.startswith(
        "[Bus] 朝比奈線: no service\nFrom Oct 20 (Fri) 12:00 p.m. to Oct 21 (Sat) 12:00 p.m.\n"
    )
    assert "No buses: snow." in text
    assert line.heard(B) == []

    (entity,) = (await published(service)).entity
    alert = entity.alert
    assert (entity.id, alert.cause, alert.effect) == ("alert-1", gtfs.Alert.WEATHER, gtfs.Alert.NO_SERVICE)
    assert [(p.start, p.end) for p in alert.active_period] == [(1508468400, 1508554800)]
    assert [(e.route_id, e.stop_id) for e in alert.informed_entity] == [("J22214L05", "")]
    assert {t.language: t.text for t in alert.header_text.translation} == {
        "ja": "朝比奈線: 運休",
        "en": "朝比奈線: no service",
    }
    assert {t.language: t.text for t in alert.description_text.translation} == {
        "ja": "雪のため運休します。",
        "en": "No buses: snow.",
    }

    (listed,) = (await service.json("bus", "alert", "list"))["alerts"]
    assert (listed["id"], listed["state"], listed["routes"]) == (1, "done", ["J22214L05"])
    await service.machi("bus", "alert", "end", "1")
    assert list((await published(service)).entity) == []


async def test_an_alert_of_a_stop_names_its_poles_and_reaches_who_registered_it(
    line: Simulator, service: Running
) -> None:
    made = await service.json(
        *(
            "bus",
            "alert",
            "new",
            "--stop",
            "かつらしま",
            "--from",
            "2017-10-20 07:00",
            "--effect",
            "停留所移動",
        ),
        *("--text", "100m南に移ります。"),
    )
    assert made["segment"] == "bus_stop = 桂島"
    await service.machi("broadcast", "approve", "1", "--as", "chief")
    await service.machi("broadcast", "send", "1", "--wait")
    (entity,) = (await published(service)).entity
    assert sorted(e.stop_id for e in entity.alert.informed_entity) == ["J22214ASH11_e", "J22214ASH11_w"]
    assert entity.alert.effect == gtfs.Alert.STOP_MOVED
    assert [(p.start, p.HasField("end")) for p in entity.alert.active_period] == [(1508450400, False)]
    assert (await service.json("broadcast", "report", "1"))["accepted"] == 1


IMPOSSIBLE = {
    "--route 朝比奈": "「朝比奈線」ではありませんか",
    "--stop どこか": "バス停「どこか」は時刻表にありません",
    "--stop 藤枝駅": "bus_stops.csv になく",
    "": "--route か --stop",
    "--stop 桂島 --until 2017-10-20T06:00": "--from より後",
    "--stop 桂島 --until あした": "あした",
    "--stop 桂島 --effect 休み": "--effect",
    "--stop 桂島 --at 2017-10-01T06:00": "過ぎて",
}


async def test_what_cannot_be_is_said_and_nothing_is_kept(service: Running) -> None:
    for options, words in IMPOSSIBLE.items():
        arguments = ["--from", "2017-10-20 07:00", "--text", "x"]
        arguments += [] if "--effect" in options else ["--effect", "運休"]
        assert words in await service.machi("bus", "alert", "new", *options.split(), *arguments, status=2)
    assert await service.json("bus", "alert", "list") == {"alerts": []}
    assert await service.json("broadcast", "list") == {"broadcasts": []}


async def test_a_town_without_a_timetable_has_no_alerts(service: Running, town: Path) -> None:
    shutil.rmtree(town / "gtfs")
    said = await service.machi(
        *(
            "bus",
            "alert",
            "new",
            "--stop",
            "桂島",
            "--from",
            "2017-10-20 07:00",
            "--effect",
            "運休",
            "--text",
            "x",
        ),
        status=1,
    )
    assert "バスの時刻表(gtfs)がない" in said
