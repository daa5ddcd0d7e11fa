"""schema.py: each step makes what the tables say, from whichever version it starts."""

import pytest
from sqlalchemy import create_engine, inspect

import schema


@pytest.mark.parametrize("version", range(len(schema.MIGRATIONS)))
def test_the_steps_from_every_version_end_with_the_tables_described(version):
    engine = create_engine("sqlite://")
    for steps in (schema.MIGRATIONS[:version], schema.MIGRATIONS[version:]):
        with engine.begin() as connection:
            for step in steps:
                step(connection)
    look = inspect(engine)
    assert set(look.get_table_names()) == set(schema.tables.tables)
    for name, table in schema.tables.tables.items():
        assert {row["name"] for row in look.get_columns(name)} == set(table.columns.keys())
    engine.dispose()
