"""Dialogues of the people who are talking to the server, kept in memory for a while."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from kgqa.chat import Chat, Parser


@dataclass
class Session:
    """One dialogue. Whoever answers in it holds ``lock``, so that its questions are answered in order."""

    id: str
    chat: Chat
    used: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    """At most ``most`` dialogues: the one unused for longest goes first, each goes after ``idle_seconds``."""

    def __init__(
        self,
        parser: Parser,
        *,
        most: int = 1_000,
        idle_seconds: float = 3_600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parser = parser
        self._most = most
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, identity: str | None) -> Session:
        """The session of this id, or a new one with an id that nobody can guess where there is none."""
        now = self._clock()
        self._expire(now)
        session = self._sessions.get(identity) if identity else None
        if session is None:
            session = Session(secrets.token_urlsafe(16), Chat(self._parser), now)
            self._sessions[session.id] = session
            while len(self._sessions) > self._most:
                self._sessions.popitem(last=False)
        session.used = now
        self._sessions.move_to_end(session.id)
        return session

    def _expire(self, now: float) -> None:
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if now - oldest.used <= self._idle_seconds:
                return
            del self._sessions[oldest.id]
