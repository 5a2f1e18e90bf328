"""Telegrams as JMA writes them, made for Kahoku from the structure of the samples; and a server of its feeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.clock import TOKYO
from bot.jma.values import Places

SAMPLES = Path(__file__).parent / "data" / "jma"
KAHOKU = Places("0632100", "060013", "060010", "060000", "242")
OFFICE = "山形地方気象台"
_TITLES = {
    "VPWW54": "気象警報・注意報（Ｈ２７）",
    "VPWW55": "気象警報・注意報（Ｒ０６）（大雨）",
    "VPWW56": "気象警報・注意報（Ｒ０６）（土砂）",
    "VPWW60": "気象警報・注意報（Ｒ０６）（大雪）",
    "VPWW61": "気象警報・注意報（Ｒ０６）（その他注意報）",
    "VXKO52": "指定河川洪水予報",
    "VXSE51": "震度速報",
    "VXSE52": "震源に関する情報",
    "VXSE53": "震源・震度に関する情報",
    "VXSE61": "顕著な地震の震源要素更新のお知らせ",
}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def report(
    type_: str,
    at: datetime,
    body: str,
    *,
    head: str = "",
    title: str | None = None,
    info: str = "発表",
    status: str = "通常",
    event: str = "",
    serial: str = "",
    office: str = OFFICE,
    headline: str = "見出し",
    sent: datetime | None = None,
    valid: str = "",
) -> bytes:
    """A telegram; `sent` is Control/DateTime."""
    control = title or _TITLES.get(type_, "")
    utc = (sent or at).astimezone(UTC)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>{control}</Title><DateTime>{utc:%Y-%m-%dT%H:%M:%SZ}</DateTime><Status>{status}</Status>
<EditorialOffice>{office}</EditorialOffice><PublishingOffice>{office}</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>山形県の情報</Title>
<ReportDateTime>{at.isoformat()}</ReportDateTime><TargetDateTime>{at.isoformat()}</TargetDateTime>{valid}
<EventID>{event}</EventID><InfoType>{info}</InfoType><Serial>{serial}</Serial>
<InfoKind>気象警報・注意報</InfoKind><InfoKindVersion>1.5_0</InfoKindVersion>
<Headline><Text>{headline}</Text>{head}</Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
{body}</Body></Report>""".encode()


def kinds(*kinds_: tuple[str, str, str]) -> str:
    """Kinds of (code, name, status); no name and no code where there are none."""
    if not kinds_:
        return "<Kind><Status>発表警報・注意報はなし</Status></Kind>"
    return "".join(
        f"<Kind><Name>{name}</Name><Code>{code}</Code><Status>{status}</Status></Kind>"
        for code, name, status in kinds_
    )


def warnings(
    type_: str, at: datetime, *kinds_: tuple[str, str, str], town: bool = True, **more: str
) -> bytes:
    """A VPWW telegram for the town; not `town`: for its wider areas alone."""
    areas = [("060000", "山形県", "府県予報区等"), ("060013", "西村山", "市町村等をまとめた地域等")]
    if town:
        areas.append(("0632100", "河北町", "市町村等"))
    body = "".join(
        f'<Warning type="気象警報・注意報（{block}）"><Item>{kinds(*kinds_)}'
        f"<Area><Name>{name}</Name><Code>{code}</Code></Area></Item></Warning>"
        for code, name, block in areas
    )
    return report(type_, at, body, **more)  # type: ignore[arg-type]


RAIN = {
    2: ("10", "レベル２大雨注意報"),
    3: ("03", "レベル３大雨警報"),
    4: ("43", "レベル４大雨危険警報"),
    5: ("33", "レベル５大雨特別警報"),
}


def rain(at: datetime, level: int, status: str = "発表", **more: str) -> bytes:
    """VPWW55 with the town at a level; 0: nothing is in force."""
    if not level:
        return warnings("VPWW55", at, ("10", RAIN[2][1], "解除"), **more)  # type: ignore[arg-type]
    return warnings("VPWW55", at, (*RAIN[level], status), **more)  # type: ignore[arg-type]


def cancelled(type_: str, at: datetime, *, event: str = "", title: str | None = None) -> bytes:
    """It takes back the telegram before it; its body has nothing but a text."""
    return report(
        type_, at, "<Text>先ほどの情報を取り消します。</Text>", info="取消", event=event, title=title
    )


def shaking(event: str, at: datetime, region: str, **more: str) -> bytes:
    """VXSE51 with an intensity of 山形県村山."""
    body = (
        "<Intensity><Observation><Pref><Name>山形県</Name><Code>06</Code><MaxInt>6-</MaxInt>"
        f"<Area><Name>山形県村山</Name><Code>242</Code><MaxInt>{region}</MaxInt></Area></Pref></Observation></Intensity>"
    )
    return report("VXSE51", at, body, event=event, office="気象庁本庁", **more)  # type: ignore[arg-type]


def earthquake(event: str, at: datetime, town: str, *, serial: str = "1", **more: str) -> bytes:
    """VXSE53 with the town's intensity; empty: it is not listed."""
    city = f"<City><Name>河北町</Name><Code>0632100</Code>{town}</City>" if town else ""
    body = (
        "<Earthquake><Hypocenter><Area><Name>宮城県沖</Name><Code>287</Code></Area></Hypocenter>"
        '<jmx_eb:Magnitude type="Mj" description="Ｍ７．２">7.2</jmx_eb:Magnitude></Earthquake>'
        "<Intensity><Observation><Pref><Name>山形県</Name><Code>06</Code>"
        f"<Area><Name>山形県村山</Name><Code>242</Code><MaxInt>6-</MaxInt>{city}</Area></Pref></Observation></Intensity>"
    )
    return report("VXSE53", at, body, event=event, serial=serial, office="気象庁本庁", **more)  # type: ignore[arg-type]


def flood(
    at: datetime,
    code: str,
    name: str,
    *,
    towns: Sequence[str] = ("0632100",),
    event: str = "820211000101",
    serial: str = "1",
) -> bytes:
    """VXKO of 最上川上流."""
    head = (
        '<Information type="指定河川洪水予報（予報区域）"><Item>'
        f"<Kind><Name>{name}</Name><Code>{code}</Code><Condition>洪水警報（発表）</Condition></Kind>"
        '<Areas codeType="指定河川洪水予報（予報区域）"><Area><Name>最上川上流</Name><Code>820211000101</Code></Area>'
        '</Areas></Item></Information><Information type="指定河川洪水予報（府県予報区等）"><Item>'
        f"<Kind><Name>{name}</Name><Code>{code}</Code></Kind><Areas><Area><Name>山形県</Name><Code>060000</Code>"
        "</Area></Areas></Item></Information>"
    )
    gauges = "".join(
        f'<Area codeType="水位観測所"><Name>下野</Name><Code>{number}</Code><CityCode>{town}</CityCode>'
        "<SubCityList>溝延 谷地</SubCityList></Area>"
        for number, town in enumerate(towns)
    )
    areas = f"<Item><Kind><Name>浸水想定地区</Name></Kind><Areas>{gauges}</Areas></Item>" if towns else ""
    body = (
        '<Warning type="指定河川洪水予報"><Item><Kind><Property><Type>主文</Type><Text>下野では危険な水位です。</Text>'
        "</Property></Kind><Stations><Station><Name>下野</Name><Code>0</Code></Station></Stations></Item>"
        f"{areas}</Warning>"
    )
    return report("VXKO52", at, body, head=head, event=event, serial=serial)


class Jma:
    """JMA's server in miniature: its two feeds, short and long, and the telegrams."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.telegrams: dict[str, bytes] = {}
        self.entries: dict[str, list[tuple[datetime, str]]] = {"extra": [], "eqvol": []}
        self.requests: list[tuple[str, str | None]] = []
        self.broken: set[str] = set()
        self.spoilt: dict[str, bytes] = {}
        """What is sent instead of a feed."""
        self.on_fetched: Callable[[str], None] = lambda path: None
        """Called with a telegram's path when it has gone out whole."""
        self._server: TestServer | None = None
        self._count = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/jma/feed/{name}.xml", self._feed)
        app.router.add_get("/jma/data/{file}", self._telegram)
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        await self._server.close()

    @property
    def base(self) -> str:
        assert self._server is not None
        return str(self._server.make_url("/jma"))

    def add(self, type_: str, body: bytes, *, sender: str = "060000", at: datetime | None = None) -> str:
        """Publish a telegram at a time (now); its path."""
        self._count += 1
        when = at or self.now()
        path = f"data/{when.astimezone(UTC):%Y%m%d%H%M%S}_{self._count}_{type_}_{sender}.xml"
        self.telegrams[path] = body
        name = "eqvol" if type_.startswith(("VXSE", "VF")) else "extra"
        self.entries[name].append((when, path))
        return path

    async def _feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.requests.append((f"feed/{name}.xml", request.headers.get("If-None-Match")))
        if name in self.broken:
            return web.Response(status=503)
        if name in self.spoilt:
            return web.Response(body=self.spoilt[name], content_type="application/xml")
        short = self.now() - timedelta(minutes=10)
        entries = self.entries[name.removesuffix("_l")]
        listed = [(when, path) for when, path in entries if name.endswith("_l") or when >= short]
        inner = "".join(
            f"<entry><title>x</title><id>{self.base}/{path}</id><updated>{when.astimezone(UTC).isoformat()}</updated>"
            f'<author><name>x</name></author><link type="application/xml" href="{self.base}/{path}"/></entry>'
            for when, path in reversed(listed)
        )
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{inner}</feed>'
        )
        tag = f'"{hash(body)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=body.encode(), content_type="application/xml", headers={"ETag": tag})

    async def _telegram(self, request: web.Request) -> web.StreamResponse:
        path = f"data/{request.match_info['file']}"
        self.requests.append((path, None))
        if path in self.broken:
            return web.Response(status=500)
        response = web.Response(body=self.telegrams[path], content_type="application/xml")
        await response.prepare(request)
        await response.write_eof()
        self.on_fetched(path)
        return response
