"""Whose numbers and trunks may be used on carrier accounts that organizations share.

What numbers there are is granted to whoever named it first. A trunk of a number's own is inside sealed settings: its
name is not known here, so that it must be granted, and the settings sent again, before another job calls over it.
"""

import sqlalchemy as sa
from alembic import op

from domain.phone.identity import identify

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
contract = "Before the first release: no older version runs beside it."
brief = "Before the first release: no older version runs beside it."

GRANTS = "carrier_grants"
_OPEN = sa.text("ended_at IS NULL")
_SHARED = sa.text("""
    SELECT coalesce(a.carrier, a.id) AS carrier, n.number, n.organization_id
    FROM phone_numbers n JOIN carrier_accounts a ON a.id = n.carrier_account_id
    WHERE n.removed_at IS NULL AND (a.settings IS NULL OR a.trunk IS NOT NULL) ORDER BY n.created_at, n.id
""")
_GRANT = sa.text("""
    INSERT INTO carrier_grants (id, carrier, kind, name, organization_id)
    VALUES ('grant_' || substr(md5(:carrier || :name), 1, 24), :carrier, 'number', :name, :organization_id)
    ON CONFLICT DO NOTHING
""")


def upgrade() -> None:
    op.add_column("carrier_accounts", sa.Column("trunk", sa.Text))
    op.execute("UPDATE carrier_accounts SET trunk = '' WHERE settings IS NOT NULL AND carrier = 'asterisk'")
    op.create_table(
        GRANTS,
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("carrier", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("organization_id", "carrier", "kind", "name"),
    )
    number = sa.text("kind = 'number'")
    op.create_index("uq_carrier_grants_number", GRANTS, ["carrier", "name"], unique=True, postgresql_where=number)
    _grant_what_is_used(op.get_bind())
    op.drop_index("uq_dials_open_pair", "dials")
    pair = ["organization_id", "from_number", "to_number"]
    op.create_index("uq_dials_open_pair", "dials", pair, unique=True, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_index("uq_dials_open_pair", "dials")
    op.create_index("uq_dials_open_pair", "dials", ["from_number", "to_number"], unique=True, postgresql_where=_OPEN)
    op.drop_table(GRANTS)
    op.drop_column("carrier_accounts", "trunk")


def _grant_what_is_used(connection: sa.Connection) -> None:
    for row in connection.execute(_SHARED).mappings().all():
        connection.execute(_GRANT, {**row, "name": identify(row["number"])})
