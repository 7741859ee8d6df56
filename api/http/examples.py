"""Ids and values that stand for others on the OpenAPI page."""

AN_ORGANIZATION = "org_0123456789abcdef01234567"
AN_AGENT = "agent_0123456789abcdef01234567"
A_NUMBER = "phone_0123456789abcdef01234567"
A_GRANT = "grant_0123456789abcdef01234567"
A_KEY = "key_0123456789abcdef01234567"
A_CALL = "call_0123456789abcdef01234567"
A_JOB = "batch_0123456789abcdef01234567"
A_WINDOW = {"from": "09:00", "to": "20:00", "weekdays": ["mon", "tue", "wed", "thu", "fri"], "holidays": "US"}
