"""What tests run on: whoever gets a database gets it empty, and none is made where one was given back."""

from sqlalchemy import make_url

from tests.databases import Databases, connect


def test_a_database_that_is_given_back_is_lent_again_without_its_rows(databases: Databases) -> None:
    with databases.lend() as url, connect(url) as connection:
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Ours', now())")
    with databases.lend() as again, connect(again) as connection:
        assert make_url(again).database == make_url(url).database
        assert connection.execute("SELECT count(*) FROM organizations").fetchone() == (0,)


def test_one_with_a_table_more_is_not(databases: Databases) -> None:
    with databases.lend() as url, connect(url) as connection:
        connection.execute(
            "CREATE TABLE dials_of_2020 PARTITION OF old_dials FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
        )
    with databases.lend() as again:
        assert make_url(again).database != make_url(url).database
