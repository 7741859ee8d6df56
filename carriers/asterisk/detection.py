"""Machine detection: Asterisk's dialplan judges a copy of what the person says, beside the conversation."""

import logging

from carriers import CarrierError
from carriers.asterisk.ari import Ari
from carriers.asterisk.channel_ids import SNOOP
from carriers.asterisk.options import Options

DISABLE_CDR = "CDR_PROP(disable)"  # call detail records are of calls to people

logger = logging.getLogger(__name__)


class MachineDetection:
    """The snoop channels of calls. The agent speaks meanwhile: the result is not waited for."""

    def __init__(self, ari: Ari, options: Options) -> None:
        self._ari = ari
        self._app = options.app
        self._context = options.detection

    async def start(self, call_id: str) -> None:
        """Open a snoop channel on what the person says, unless detection is off."""
        if self._context is None:
            return
        path = f"/channels/{call_id}/snoop"
        try:
            await self._ari.ask("POST", path, app=self._app, spy="in", snoopId=SNOOP + call_id)
        except CarrierError as error:
            logger.warning("call %s: nobody tells who answered (%s)", call_id, type(error).__name__)

    async def on_snoop_started(self, call_id: str) -> None:
        """The snoop channel is up: the dialplan takes it from here."""
        await self.suppress_cdr(call_id)
        path = f"/channels/{SNOOP}{call_id}/continue"
        await self._ari.ask("POST", path, context=self._context, extension="s", priority=1)

    async def stop(self, call_id: str) -> None:
        """Close the snoop channel: the dialplan has its result."""
        await self.suppress_cdr(call_id)
        await self._ari.ask("DELETE", f"/channels/{SNOOP}{call_id}")

    async def suppress_cdr(self, call_id: str) -> None:
        """Keep the snoop channel out of the call detail records."""
        await self._ari.set_variable(SNOOP + call_id, DISABLE_CDR, "1")
