"""What residents do on their phones, and the webhooks that follow from it."""

from __future__ import annotations

from typing import Any

from simulator.chats import Chats, Entry, Standing, User
from simulator.platform import Platform
from simulator.webhooks import Courier, Delivery, event

_FAILED = {
    "could_not_connect": "サービスにつながりません",
    "request_timeout": "サービスの応答が2秒以内にありません",
    "error_status_code": "サービスがエラーを返しました",
    "unclassified": "通信に失敗しました",
}


class Phones:
    """The phones of all users: following, writing, tapping.

    Every method that LINE would tell the bot about returns the ``Delivery`` of that webhook. A user is
    given by id or as the ``User`` that ``add_user`` returned.
    """

    def __init__(self, platform: Platform, courier: Courier) -> None:
        self.platform = platform
        self.courier = courier

    @property
    def chats(self) -> Chats:
        """All users and their chats."""
        return self.platform.chats

    def add_user(
        self, user_id: str, name: str = "", *, note: str = "", language: str = "ja", following: bool = True
    ) -> User:
        """Make a user known to the platform; no webhook is sent.

        Args:
            user_id: ``U`` and 32 hexadecimal digits.
            name: display name; the end of the id when empty.
            note: a line about them for the chat page.
            language: BCP 47 tag of their app.
            following: whether they follow the bot already.
        """
        standing: Standing = "friend" if following else "stranger"
        user = User(user_id, name or f"利用者{user_id[-4:]}", note, language, standing)
        self.chats.add(user)
        return user

    def chat(self, user: User | str) -> list[Entry]:
        """A user's chat, oldest first: their own messages and the bot's."""
        return self.chats.of(_id(user))

    def heard(self, user: User | str) -> list[Entry]:
        """The bot's messages in a user's chat, oldest first."""
        return [entry for entry in self.chat(user) if entry.sender == "bot"]

    def buttons(self, user: User | str) -> list[dict[str, Any]]:
        """The actions a user can tap, newest message first, quick replies before the message's own.

        Quick replies show only below the chat's last entry.
        """
        found: list[dict[str, Any]] = []
        for age, entry in enumerate(reversed(self.chat(user))):
            if entry.sender != "bot":
                continue
            quick = entry.message.get("quickReply") or {"items": []}
            if age == 0:
                found += [item["action"] for item in quick["items"]]
            found += _actions({key: part for key, part in entry.message.items() if key != "quickReply"})
        return found

    async def follow(self, user: User | str) -> Delivery:
        """Add the bot as a friend, or unblock it."""
        user_id = _id(user)
        was_blocked = self.chats.users[user_id].standing == "blocked"
        self.chats.stand(user_id, "friend")
        self._note(user_id, "follow", "ブロックを解除しました" if was_blocked else "友だちに追加しました")
        return await self._tell(user_id, "follow", follow={"isUnblocked": was_blocked})

    async def unfollow(self, user: User | str) -> Delivery:
        """Block the bot."""
        user_id = _id(user)
        self.chats.stand(user_id, "blocked")
        self._note(user_id, "unfollow", "ブロックしました")
        return await self._tell(user_id, "unfollow", replies=False)

    async def say(self, user: User | str, text: str) -> Delivery:
        """Send a text message to the bot."""
        user_id = _id(user)
        self.chats.write(user_id, "user", "message", {"type": "text", "text": text})
        message_id = self.platform.message_id()
        message = {
            "type": "text",
            "id": message_id,
            "text": text,
            "quoteToken": f"q{message_id}",
            "markAsReadToken": f"r{message_id}",
        }
        return await self._tell(user_id, "message", message=message)

    async def send_location(
        self, user: User | str, latitude: float, longitude: float, *, title: str = "", address: str = ""
    ) -> Delivery:
        """Send where somebody is; LINE leaves out a title or address it does not know."""
        user_id = _id(user)
        named = {key: value for key, value in (("title", title), ("address", address)) if value}
        place = {"type": "location", **named, "latitude": latitude, "longitude": longitude}
        shown = {"title": "位置情報", "address": f"{latitude}, {longitude}"}
        self.chats.write(user_id, "user", "message", {**shown, **place})
        message = {"id": self.platform.message_id(), **place}
        return await self._tell(user_id, "message", message=message)

    async def postback(
        self,
        user: User | str,
        data: str,
        params: dict[str, str] | None = None,
        display_text: str | None = None,
    ) -> Delivery:
        """Send a postback; ``display_text`` stands in the chat as the user's words."""
        user_id = _id(user)
        if display_text:
            self.chats.write(user_id, "user", "postback", {"type": "text", "text": display_text})
        content = {"data": data} | ({"params": params} if params else {})
        return await self._tell(user_id, "postback", postback=content)

    async def tap(
        self, user: User | str, action: dict[str, Any] | str, *, picked: str | None = None
    ) -> Delivery | None:
        """Tap a button.

        Args:
            user: whose phone.
            action: an action object, or the label of one that ``buttons`` finds.
            picked: what to choose in a date picker: ``2026-03-01``, ``09:30`` or ``2026-03-01T09:30``.

        Returns:
            The webhook's delivery; None for actions LINE tells the bot nothing about, such as ``uri``.

        Raises:
            LookupError: no button with this label can be tapped.
        """
        user_id = _id(user)
        if isinstance(action, str):
            action = self._labelled(user_id, action)
        kind = action["type"]
        if kind == "message":
            return await self.say(user_id, action["text"])
        if kind == "postback":
            if action.get("text"):
                await self.say(user_id, action["text"])
            return await self.postback(user_id, action["data"], None, action.get("displayText"))
        if kind == "datetimepicker":
            chosen = picked or action.get("initial")
            if chosen is None:
                raise LookupError("a date picker needs a picked date or time")
            return await self.postback(user_id, action["data"], {action["mode"]: chosen})
        if kind == "richmenuswitch":
            params = {"newRichMenuAliasId": action["richMenuAliasId"], "status": "RICHMENU_ALIAS_ID_NOTFOUND"}
            return await self.postback(user_id, action["data"], params)
        return None

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Send a webhook's events again as LINE does: the same but for ``isRedelivery``."""
        again = [{**each, "deliveryContext": {"isRedelivery": True}} for each in delivery.events]
        for each in again:
            self.platform.reply_tokens.renew(each.get("replyToken", ""))
        return await self.courier.post(self.courier.pack(again))

    async def send_events(self, *events: dict[str, Any], signature: str | None = None) -> Delivery:
        """Send any events in one webhook: standby, groups, unknown kinds; see ``webhooks.event``."""
        return await self.courier.post(self.courier.pack(list(events)), signature=signature)

    def _labelled(self, user_id: str, label: str) -> dict[str, Any]:
        buttons = self.buttons(user_id)
        for action in buttons:
            if action.get("label") == label:
                return action
        raise LookupError(f"no button {label!r}; there are {[action.get('label') for action in buttons]}")

    def _note(self, user_id: str, via: str, words: str) -> None:
        self.chats.write(user_id, "system", via, {"type": "text", "text": words})

    async def _tell(self, user_id: str, kind: str, *, replies: bool = True, **properties: Any) -> Delivery:
        """Send one event of a user; if it does not arrive, say so in the chat."""
        if replies:
            properties["replyToken"] = self.platform.reply_tokens.issue(user_id)
        at = int(self.platform.clock() * 1000)
        sent = event(kind, user_id=user_id, at=at, **properties)
        delivery = await self.courier.post(self.courier.pack([sent]))
        if delivery.reason is not None:
            status = f"（{delivery.status}）" if delivery.status else ""
            self._note(user_id, "undelivered", f"未達：{_FAILED[delivery.reason]}{status}")
        self.chats.news.announce()
        return delivery


def _id(user: User | str) -> str:
    return user if isinstance(user, str) else user.user_id


def _actions(part: Any) -> list[dict[str, Any]]:
    """All action objects in a message, in reading order."""
    if isinstance(part, list):
        return [action for element in part for action in _actions(element)]
    if not isinstance(part, dict):
        return []
    own = [part["action"]] if isinstance(part.get("action"), dict) else []
    listed = part.get("actions") if isinstance(part.get("actions"), list) else []
    inner = [
        _actions(value) for key, value in part.items() if key not in ("action", "actions", "defaultAction")
    ]
    return own + list(listed or ()) + [action for actions in inner for action in actions]
