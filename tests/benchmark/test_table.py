from clew.benchmark.paper import PAPER_ROWS, TimeRow
from clew.benchmark.table import format_table, paper_table
from clew.benchmark.timing import Timing


def test_columns_are_aligned():
    text = format_table(["name", "a"], [["x", "1.5"], ["longer", "20"]])
    assert text.splitlines() == ["name      a", "-----------", "x       1.5", "longer   20"]


def test_the_papers_rows_add_up_to_the_published_totals():
    for row, total in zip(PAPER_ROWS, (192, 44), strict=True):
        assert row.times["Total"].median == total
        assert sum(time.median for column, time in row.times.items() if column != "Total") == total


def test_this_machine_stands_below_the_paper():
    once, often = Timing.of([0.5]), Timing.of([130.0, 120.0, 140.0])
    row = TimeRow("this machine, CPU", {"Seeding": once, "lstm-32": often, "Total": often})
    title, head, line, mac, dell, own, spread = paper_table([row]).splitlines()
    assert "Seconds per 10,000 tracks" in title
    columns = [
        "Seeding",
        "Bi-LSTM",
        "LSTM 2048",
        "LSTM 1024",
        "LSTM-256-512-1024",
        "lstm-32",
        "Fitting",
        "Total",
    ]
    assert [head.find(column) for column in columns] == sorted(head.find(column) for column in columns)
    assert set(line) == {"-"}
    assert mac.split()[-8:] == ["60", "49", "42", "12", "21", "-", "8", "192"]
    assert dell.split()[-8:] == ["30", "3", "2", "1", "2", "-", "6", "44"]
    assert own.split()[-8:] == ["0.5", "-", "-", "-", "-", "130", "-", "130"]
    assert spread.split() == ["(120", "to", "140)", "(120", "to", "140)"]
    assert len({len(text) for text in (head, mac, dell, own, spread)}) == 1
