"""The messages of Twilio's Media Streams, as an agent receives them over its WebSocket: µ-law at 8 kHz."""

import base64
import json
from collections.abc import Mapping
from typing import Any

FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
CONNECTED = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})  # before all others


class MediaStreamMessages:
    """Of one stream; they are numbered in the order in which they are made."""

    def __init__(self, stream_id: str, account: str, call_id: str) -> None:
        self._stream_id = stream_id
        self._call = {"accountSid": account, "callSid": call_id}
        self._sequence = 0
        self._chunk = 0

    def start(self, parameters: Mapping[str, str]) -> str:
        start = {"tracks": ["inbound"], "mediaFormat": FORMAT, "customParameters": dict(parameters)}
        return self._numbered("start", {"streamSid": self._stream_id, **self._call, **start})

    def media(self, audio: bytes, timestamp: int) -> str:
        """What the person says; `timestamp` is in milliseconds from the start of the stream."""
        self._chunk += 1
        payload = base64.b64encode(audio).decode()
        media = {"track": "inbound", "chunk": str(self._chunk), "timestamp": str(timestamp), "payload": payload}
        return self._numbered("media", media)

    def mark(self, mark: Any) -> str:
        """A mark of the agent's, once the audio before it was played."""
        return self._numbered("mark", mark)

    def stop(self) -> str:
        return self._numbered("stop", self._call)

    def _numbered(self, event: str, body: Any) -> str:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), event: body, "streamSid": self._stream_id}
        return json.dumps(message)
