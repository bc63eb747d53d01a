"""Writers of one SQLite ledger wait for each other, and for nobody longer than they must."""

import threading

import pytest
from sqlalchemy import insert, select

from adapter.ledger.database import opened
from adapter.ledger.tables import about


@pytest.fixture
def database(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as found:
        yield found


def test_writers_take_turns_and_none_is_lost(database):
    with database.writing() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE counted (n INTEGER)")
        tx.connection.exec_driver_sql("INSERT INTO counted VALUES (0)")

    def count():
        for _ in range(25):
            with database.writing(lasting=False) as tx:
                n = tx.connection.exec_driver_sql("SELECT n FROM counted").scalar_one()
                tx.connection.exec_driver_sql(f"UPDATE counted SET n = {n + 1}")

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as tx:
        assert tx.connection.exec_driver_sql("SELECT n FROM counted").scalar_one() == 150


def test_a_writer_that_fails_leaves_its_turn_and_nothing_written(database):
    with pytest.raises(RuntimeError), database.writing() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE begun (n INTEGER)")
        raise RuntimeError
    with database.writing() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE begun (n INTEGER)")


def test_readers_do_not_wait_for_the_writer(database):
    with database.writing() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE begun (n INTEGER)")
        done = threading.Event()

        def look():
            with database.reading() as other:
                other.connection.exec_driver_sql("SELECT count(*) FROM nw_version")
            done.set()

        threading.Thread(target=look, daemon=True).start()
        assert done.wait(20)


def test_what_a_reader_reads_is_of_one_moment(database_url):
    def keys(tx):
        return set(tx.connection.execute(select(about.c.key)).scalars())

    with opened(database_url) as database:
        with database.reading() as tx:
            before = keys(tx)
            with database.writing() as other:
                other.connection.execute(insert(about).values(key="told", value="meanwhile"))
            assert keys(tx) == before
        with database.reading() as tx:
            assert keys(tx) == before | {"told"}
