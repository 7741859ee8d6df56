"""Our channel and bridge ids. A call's is made of its dial's key, so that asking twice cannot ring twice."""

AGENT, SNOOP, BRIDGE = "agent-", "listener-", "bridge-"  # what serves a call: this, and the call's channel id


def channel_id(app: str, key: str) -> str:
    """The channel id of a dial: "outdial-contact_1f…-2"."""
    contact, _, dial = key.rpartition(":")
    return f"{app}-{contact}-{dial}"


def dial_key(app: str, channel_id: str) -> str | None:
    """The dial's key; None for a channel that is no call of ours."""
    contact, _, dial = channel_id.removeprefix(f"{app}-").rpartition("-")
    return f"{contact}:{dial}" if channel_id.startswith(f"{app}-") and contact else None


def served_call(app: str, channel_id: str, role: str) -> str | None:
    """The call that a channel of a role (AGENT, SNOOP) serves."""
    call = channel_id.removeprefix(role)
    return call if channel_id.startswith(role) and dial_key(app, call) else None
